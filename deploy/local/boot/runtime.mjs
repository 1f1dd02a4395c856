import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { Fault, run } from './command.mjs'
import { withLock } from './lock.mjs'
import { cleanEnv, networkSettings, npmCommand } from './npm.mjs'

const requiredMajor = 24

/**
 * Finds Node 24 and pnpm: this Node if it is new enough, else
 * one from the npm registry, fetched once into .bir-runtime.
 */
export async function findRuntime(root, say) {
  const folder = join(root, '.bir-runtime')
  const isNewEnough = majorOf(process.version) >= requiredMajor
  const node = isNewEnough ? process.execPath : join(folder, `node_modules/${nodePackage()}/bin/node${exe()}`)
  if (!isNewEnough && !versionOf(node)) await fetch(folder, [`${nodePackage()}@${requiredMajor}`, 'pnpm@12'], say)

  const version = isNewEnough ? process.version : versionOf(node)
  if (!version || majorOf(version) < requiredMajor) {
    throw new Fault(
      `Node ${requiredMajor} is needed and could not be set up for ${process.platform} ${process.arch}: please install it from nodejs.org.`,
    )
  }
  return {
    node,
    version,
    path: [dirname(node), process.env.PATH].join(delimiter),
    pnpm: () => findPnpm(folder, node, say),
  }
}

/**
 * The command that runs pnpm: the fetched one, the user's own if its
 * major version fits, or one fetched now. Only an install needs it.
 */
async function findPnpm(folder, node, say) {
  const script = join(folder, 'node_modules/pnpm/bin/pnpm.mjs')
  if (!existsSync(script) && versionOf('pnpm')?.startsWith('12.')) return { file: 'pnpm', args: [] }
  if (!existsSync(script)) await fetch(folder, ['pnpm@12'], say)
  return { file: node, args: [script] }
}

async function fetch(folder, packages, say) {
  const isFetched = () => packages.every((name) => existsSync(join(folder, 'node_modules', name.replace(/@[^@]+$/, ''), 'package.json')))
  await withLock(
    join(folder, 'lock'),
    async () => {
      if (isFetched()) return
      say(
        `Fetching ${packages.map((name) => name.replace(/^node-.*@/, 'Node ').replace('@', ' ')).join(' and ')} from the npm registry (once, a few seconds) …`,
      )
      const npm = npmCommand()
      // No install scripts: many companies switch them off, and then a package that needs one silently does nothing.
      const args = [...npm.args, 'install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', folder, ...packages]
      const { registry } = await networkSettings(folder)
      const env = { ...cleanEnv(), npm_config_fetch_retry_mintimeout: '1000', npm_config_fetch_retry_maxtimeout: '5000' }
      await run(npm.file, args, { cwd: folder, env, registry, what: 'Fetching Node and pnpm' })
    },
    () => say('Another start is fetching Node and pnpm; waiting for it …'),
  )
}

function nodePackage() {
  const platform = process.platform === 'win32' ? 'win' : process.platform
  return `node-${platform}-${process.arch}`
}

const exe = () => (process.platform === 'win32' ? '.exe' : '')
const majorOf = (version) => Number(version.slice(1).split('.')[0])

/** The version that the binary prints. A package can be installed and still not run on this machine. */
function versionOf(binary) {
  try {
    return execFileSync(binary, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return undefined
  }
}
