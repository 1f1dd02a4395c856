// The entry point of every npm script: plain JavaScript for Node 20 and later, without dependencies.
// It finds or fetches Node 24 and pnpm, installs the packages of the lock file, and starts the program under that
// Node.
import { chmodSync, existsSync, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Fault } from './boot/command.mjs'
import { runForeground } from './boot/foreground.mjs'
import { installIfChanged } from './boot/install.mjs'
import { findRuntime } from './boot/runtime.mjs'
import { runSuite } from './boot/suite.mjs'

const bootedAtMs = Date.now()
const root = fileURLToPath(new URL('../..', import.meta.url))
const home = resolve(process.env.BIR_HOME || join(root, '.bir'))
const [verb = 'start', ...args] = process.argv.slice(2)

const scripts = {
  start: 'deploy/local/start.ts',
  bir: 'sdk/src/cli/main.ts',
  bench: 'deploy/bench/main.ts',
  graph: 'deploy/rooms/main.ts',
  sdk: 'deploy/package-sdk/main.ts',
}

/** Progress of `bir`, `bench`, `graph` and `sdk` goes to stderr, because scripts read their stdout. */
const say = (line) => (['bir', 'bench', 'graph', 'sdk'].includes(verb) ? process.stderr : process.stdout).write(`${line}\n`)

async function main() {
  if (verb !== 'test' && !Object.hasOwn(scripts, verb)) {
    throw new Fault(`There is no verb "${verb}": use start, test, bir, bench, graph or sdk.`)
  }
  if (Number(process.versions.node.split('.')[0]) < 20) {
    throw new Fault(`Bir MCP starts from Node 20 on, and this is ${process.version}: please update Node.`)
  }

  const runtime = await findRuntime(root, say)
  await installIfChanged(root, runtime, say)

  const env = { ...process.env, BIR_HOME: home, PATH: runtime.path, BIR_BOOTED_AT_MS: String(bootedAtMs), BIR_BOOT_NODE: process.execPath }
  if (verb === 'start') makeHome()
  if (existsSync(home)) env.NODE_COMPILE_CACHE ??= join(home, 'compile-cache')

  if (verb === 'test') return runSuite({ root, node: runtime.node, args, env })
  // `npm run` changes to the root of the workspace, but paths on the command line are relative to the caller's
  // folder.
  const cwd = verb === 'bir' && process.env.INIT_CWD ? process.env.INIT_CWD : root
  return runForeground(runtime.node, [join(root, scripts[verb]), ...args], { cwd, env })
}

/**
 * Makes the home before anything writes into it, so that it is never readable by others. start.ts reports a failure.
 */
function makeHome() {
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 })
    chmodSync(home, process.getuid?.() === 0 ? 0o711 : 0o700)
  } catch {
    // start.ts tries again and reports the fault.
  }
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof Fault)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
