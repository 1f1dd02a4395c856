import type { ExitCode } from './exit.ts'
import type { Gateway } from './gateway.ts'
import { printable } from '../output/printable.ts'
import type { Environment } from './environment.ts'

/** What every verb is given. */
export interface Context {
  around: Environment
  /** Found when first asked for, so that `--help` and a wrong file need no gateway. */
  gateway(): Promise<Gateway>
  /** A line for a person. */
  say(line: string): void
  /** A line beside the answer, such as a warning: stdout stays clean for scripts. */
  note(line: string): void
  /** One line of JSON for a script. */
  json(value: unknown): void
  paint(tone: Tone, text: string): string
}

type Tone = 'good' | 'bad' | 'dim'

/** What a verb does with its arguments; the exit code is its answer. */
export type Verb<Args extends unknown[]> = (context: Context, ...args: Args) => Promise<ExitCode>

const codes: Record<Tone, number> = { good: 32, bad: 31, dim: 2 }

export function contextOf(around: Environment, gateway: () => Promise<Gateway>): Context {
  return {
    around,
    gateway,
    say: (line) => around.out(`${line}\n`),
    note: (line) => around.err(`${printable(line)}\n`),
    json: (value) => around.out(`${JSON.stringify(value)}\n`),
    paint: (tone, text) => (around.terminal?.colour ? `\u001B[${codes[tone]}m${printable(text)}\u001B[0m` : printable(text)),
  }
}
