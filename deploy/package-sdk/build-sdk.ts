import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { z } from 'zod'

const root = fileURLToPath(new URL('../..', import.meta.url))

const Package = z.object({ name: z.string(), version: z.string(), license: z.string(), dependencies: z.record(z.string(), z.string()) })
const Workspace = z.object({ catalog: z.record(z.string(), z.string()) })

/**
 * Builds `@bir/sdk` as JavaScript (ES2022 modules, for Node 20 and browsers) with its types, as a package that npm
 * installs: the client, the contract and the `bir` command. Rejects with the compiler's words when the code does not
 * fit.
 */
export async function buildSdk(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  await compile(join(folder, 'dist'))
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest(), undefined, 2)}\n`)
  copyFileSync(join(root, 'docs/sdk.md'), join(folder, 'README.md'))
  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'))
}

async function compile(outDir: string): Promise<void> {
  const tsc = join(root, 'node_modules/.bin/tsc')
  const child = spawn(tsc, ['-p', join(root, 'sdk/tsconfig.build.json'), '--outDir', outDir], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [words, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
  if (code !== 0) throw new Error(`The SDK does not compile:\n${words}`)
}

function manifest() {
  const { name, version, license, dependencies } = Package.parse(JSON.parse(readFileSync(join(root, 'sdk/package.json'), 'utf8')))
  const { catalog } = Workspace.parse(parse(readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8')))
  const typed = (path: string) => ({ types: `./dist/${path}.d.ts`, default: `./dist/${path}.js` })
  return {
    name,
    version,
    description: 'The typed client of a Bir MCP control plane, and the bir command.',
    license,
    type: 'module',
    engines: { node: '>=20' },
    exports: { '.': typed('client'), './contract/*': typed('contract/*') },
    bin: { bir: './dist/cli/main.js' },
    sideEffects: false,
    dependencies: Object.fromEntries(Object.entries(dependencies).map(([dependency, range]) => [dependency, catalog[dependency] ?? range])),
  }
}
