#!/usr/bin/env node
import { spawn } from 'node:child_process'
import { homedir } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { askOn } from './ask/ask.ts'
import { EXIT } from './base/exit.ts'
import { readText } from './base/read-text.ts'
import { run } from './run.ts'
import type { Environment } from './base/environment.ts'
import { readOsUser } from '../operator.ts'

const { env, stdout, stderr, stdin } = process

const environment: Environment = {
  env,
  cwd: process.cwd(),
  homeDir: homedir(),
  osUser: readOsUser(),
  platform: process.platform,
  repositoryDir: fileURLToPath(new URL('../../..', import.meta.url)),
  terminal: stdout.isTTY ? { columns: stdout.columns || 80, colour: !env['NO_COLOR'] && env['TERM'] !== 'dumb' } : undefined,
  nowMs: () => Date.now(),
  readStdin: (maxBytes) => readText(stdin, maxBytes),
  ask: stdin.isTTY ? askOn(stdin, (text) => void stderr.write(text)) : undefined,
  wait: (ms, signal) => setTimeout(ms, undefined, { signal }),
  // A browser that cannot be started is no failure: the person has the address.
  startProgram: (command, args) =>
    spawn(command, args, { stdio: 'ignore', detached: true })
      .on('error', () => undefined)
      .unref(),
  interruption() {
    const interrupted = new AbortController()
    process.once('SIGINT', () => interrupted.abort())
    return interrupted.signal
  },
  out: (text) => void stdout.write(text),
  err: (text) => void stderr.write(text),
}

// EPIPE: the reader of the pipe has closed it (`bir audit export | head`). That is no failure.
stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failed))

process.exitCode = await run(process.argv.slice(2), environment)
