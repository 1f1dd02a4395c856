import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../../sdk/src/cli/main.ts', import.meta.url))

/** What a command said. */
export interface Said {
  exit: number | null
  out: string
  err: string
}

/** The command `bir` as the operator of a home runs it, with `input` on its stdin. */
export async function bir(home: string, args: readonly string[], input = ''): Promise<Said> {
  const env = { PATH: process.env['PATH'], BIR_HOME: home, NO_COLOR: '1' }
  const child = spawn(process.execPath, [main, ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] })
  const ended = once(child, 'close')
  // A command may end before it has read: then nobody wants the rest.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  await ended
  return { exit: child.exitCode, out, err }
}
