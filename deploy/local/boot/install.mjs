import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { faultOf, run } from './command.mjs'
import { withLock } from './lock.mjs'
import { cleanEnv, networkSettings } from './npm.mjs'

const described = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json']
const packages = ['sdk', 'db', 'control-plane', 'data-plane', 'portal', 'deploy']

/** Installs when the lock file or a package.json is not the one that was installed last; otherwise costs a hash. */
export async function installIfChanged(root, runtime, say) {
  const stampFile = join(root, 'node_modules/.bir-installed')
  const wanted = fingerprint(root)
  const installed = () => existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted
  if (installed()) return

  const pnpm = await runtime.pnpm()
  await withLock(
    join(root, '.bir-runtime/install-lock'),
    async () => {
      if (installed()) return
      say('Installing what the lock file names (the first time takes under a minute) …')
      const { env, registry } = await networkSettings(root)
      const args = [...pnpm.args, 'install', '--frozen-lockfile', '--config.confirmModulesPurge=false', '--reporter=append-only']
      await run(pnpm.file, args, {
        cwd: root,
        env: { ...cleanEnv(), ...env, PATH: runtime.path },
        registry,
        what: 'Installing the dependencies',
      })
      stamp(stampFile, wanted)
    },
    () => say('Another start is installing; waiting for it …'),
  )
}

function stamp(file, text) {
  try {
    writeFileSync(file, text)
  } catch (error) {
    throw faultOf(error, file)
  }
}

/** Names the outcome of an install: what was asked for, and for which machine. */
function fingerprint(root) {
  const hash = createHash('sha256').update(`${process.platform}-${process.arch}\n`)
  for (const file of [...described, ...packages.map((name) => `${name}/package.json`)]) {
    const path = join(root, file)
    hash.update(`${file}\n`).update(existsSync(path) ? readFileSync(path) : '')
  }
  return hash.digest('hex')
}
