import { inWords } from '../base/log-line.ts'

/** What the person at the terminal gets to read: progress, and what goes wrong; every line of the parts on request. */
export interface Terminal {
  say(line: string): void
  warn(line: string): void
  hear(name: string, line: string): void
}

const loud = /"level":\s*"(warn|error|fatal)"/

export function createTerminal(verbose: boolean): Terminal {
  // The terminal may be gone before us.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  return {
    say: (line) => void process.stdout.write(`${line}\n`),
    warn: (line) => void process.stderr.write(`${line}\n`),
    hear(name, line) {
      if (verbose || loud.test(line)) process.stderr.write(`[${name}] ${inWords(line)}\n`)
    },
  }
}
