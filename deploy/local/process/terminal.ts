import { formatLogLine } from '../base/log-line.ts'

/** Output for the person at the terminal: progress and warnings. With `verbose`, every line of every part. */
export interface Terminal {
  say(line: string): void
  warn(line: string): void
  /** Takes a line of a part's log, and shows it when it is a warning or an error. */
  showLog(name: string, line: string): void
}

const warningOrError = /"level":\s*"(warn|error|fatal)"/

export function createTerminal(verbose: boolean): Terminal {
  // The terminal may be closed before this process ends.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  return {
    say: (line) => void process.stdout.write(`${line}\n`),
    warn: (line) => void process.stderr.write(`${line}\n`),
    showLog(name, line) {
      if (verbose || warningOrError.test(line)) process.stderr.write(`[${name}] ${formatLogLine(line)}\n`)
    },
  }
}
