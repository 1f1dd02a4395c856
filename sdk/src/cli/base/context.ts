import type { ExitCode } from './exit.ts'
import type { Gateway } from './gateway.ts'
import { printable } from '../output/printable.ts'
import type { Environment } from './environment.ts'

/** What every verb works with. */
export interface Context {
  environment: Environment
  /** Looks the gateway up at the first call, so that `--help` and a wrong file need no gateway. */
  gateway(): Promise<Gateway>
  /** Prints a line for a person, on stdout. */
  print(line: string): void
  /** Prints a line on stderr, such as a warning. So stdout holds the answer alone, which scripts read. */
  note(line: string): void
  /** Prints one line of JSON for a script, on stdout. */
  printJson(value: unknown): void
  /** Makes a text printable, and colours it where a person reads on a terminal. */
  paint(tone: Tone, text: string): string
}

type Tone = 'good' | 'bad' | 'dim'

/** The action of a verb. It resolves with the exit code of the command. */
export type Verb<Args extends unknown[]> = (context: Context, ...args: Args) => Promise<ExitCode>

const codes: Record<Tone, number> = { good: 32, bad: 31, dim: 2 }

export function contextOf(environment: Environment, gateway: () => Promise<Gateway>): Context {
  return {
    environment,
    gateway,
    print: (line) => environment.out(`${line}\n`),
    note: (line) => environment.err(`${printable(line)}\n`),
    printJson: (value) => environment.out(`${JSON.stringify(value)}\n`),
    paint: (tone, text) => (environment.terminal?.colour ? `\u001B[${codes[tone]}m${printable(text)}\u001B[0m` : printable(text)),
  }
}
