#!/usr/bin/env node
import { homedir, userInfo } from 'node:os'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { EXIT } from './base/exit.ts'
import { run } from './run.ts'
import type { Environment } from './base/environment.ts'

const { env, stdout, stderr, stdin } = process

function osUser(): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.() ?? 'unknown')
  }
}

const around: Environment = {
  env,
  cwd: process.cwd(),
  homeDir: homedir(),
  osUser: osUser(),
  platform: process.platform,
  repositoryDir: fileURLToPath(new URL('../../..', import.meta.url)),
  terminal: stdout.isTTY ? { columns: stdout.columns || 80, colour: !env['NO_COLOR'] && env['TERM'] !== 'dumb' } : undefined,
  nowMs: () => Date.now(),
  readStdin: () => text(stdin),
  out: (text) => void stdout.write(text),
  err: (text) => void stderr.write(text),
}

// The reader of a pipe may have seen enough (`bir audit export | head`): that is no failure of ours.
stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failed))

process.exitCode = await run(process.argv.slice(2), around)
