import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { faultOf, run } from './command.mjs'
import { withLock } from './lock.mjs'
import { cleanEnv, networkSettings } from './npm.mjs'

const rootFiles = ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json']
const packages = ['sdk', 'db', 'control-plane', 'data-plane', 'portal', 'deploy']

/**
 * Installs when the lock file or a package.json has changed
 * since the last install. Otherwise it only computes a hash.
 */
export async function installIfChanged(root, runtime, say) {
  const stampFile = join(root, 'node_modules/.bir-installed')
  const currentFingerprint = fingerprint(root)
  const isInstalled = () => existsSync(stampFile) && readFileSync(stampFile, 'utf8') === currentFingerprint
  if (isInstalled()) return

  const pnpm = await runtime.pnpm()
  await withLock(
    join(root, '.bir-runtime/install-lock'),
    async () => {
      if (isInstalled()) return
      say('Installing what the lock file names (the first time takes under a minute) …')
      const { env, registry } = await networkSettings(root)
      const args = [...pnpm.args, 'install', '--frozen-lockfile', '--config.confirmModulesPurge=false', '--reporter=append-only']
      await run(pnpm.file, args, {
        cwd: root,
        env: { ...cleanEnv(), ...env, PATH: runtime.path },
        registry,
        what: 'Installing the dependencies',
      })
      writeStamp(stampFile, currentFingerprint)
    },
    () => say('Another start is installing; waiting for it …'),
  )
}

function writeStamp(file, text) {
  try {
    writeFileSync(file, text)
  } catch (error) {
    throw faultOf(error, file)
  }
}

/**
 * A hash over everything that decides the result of an install:
 * the files that list packages, and the kind of machine.
 */
function fingerprint(root) {
  const hash = createHash('sha256').update(`${process.platform}-${process.arch}\n`)
  for (const file of [...rootFiles, ...packages.map((name) => `${name}/package.json`)]) {
    const path = join(root, file)
    hash.update(`${file}\n`).update(existsSync(path) ? readFileSync(path) : '')
  }
  return hash.digest('hex')
}
