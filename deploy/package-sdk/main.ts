import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { buildSdk } from './build-sdk.ts'

const help = `Usage: npm run -s sdk -- [--out <folder>]

Builds @bir/sdk as JavaScript with types and packs it: a file bir-sdk-<version>.tgz in the folder (this one by default).
Install it with "npm install <file>", or publish it to your own registry. It runs on Node 20 and later, and in browsers.
`

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' }, out: { type: 'string', default: '.' } } })
  if (values.help) return void process.stdout.write(help)
  const out = resolve(values.out)
  mkdirSync(out, { recursive: true })
  const folder = mkdtempSync(join(tmpdir(), 'bir-sdk-'))
  try {
    await buildSdk(folder)
    // npm prints the name of the file.
    const pack = spawn('npm', ['pack', '--silent', '--pack-destination', out], { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] })
    const [code] = (await once(pack, 'close')) as [number]
    if (code !== 0) throw new Error('npm could not pack the SDK.')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
