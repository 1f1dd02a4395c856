import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { readChecks } from './checks.ts'
import type { Checks } from './checks.ts'
import { suiteCommand } from './requirements.ts'

const maxRunMs = 600_000

export interface Run {
  checks: Checks
  code: number | null
  output: string
}

/** Runs the suite in a mode, and reads the results that it leaves behind. */
export async function run(
  mode: 'server' | 'client' | 'authorization',
  args: string[],
  onLine: (line: string) => unknown = () => undefined,
): Promise<Run> {
  const directory = mkdtempSync(join(tmpdir(), 'bir-conformance-'))
  try {
    const child = spawn(process.execPath, [suiteCommand, mode, ...args, '-o', directory], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: maxRunMs,
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
    createInterface({ input: child.stdout }).on('line', onLine)
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    })
    return { checks: readChecks(directory), code, output }
  } finally {
    rmSync(directory, { recursive: true })
  }
}
