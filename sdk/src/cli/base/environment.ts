import type { ClientOptions } from '../../client.ts'

/** A terminal on which a person can be asked. */
export interface Ask {
  /**
   * Asks for a secret, and shows nothing of what is typed. `lines`: it has lines, and Ctrl-D ends it. Throws `CliFault`
   * when the person gives up (Ctrl-C).
   */
  hidden(question: string, options: { lines: boolean }): Promise<string>
  /** Asks a question that is answered with yes or no. Anything but `y` or `yes` is no. */
  confirm(question: string): Promise<boolean>
}

/** Everything the command uses of its process. `main.ts` takes it from Node; tests make their own. */
export interface Environment {
  env: Readonly<Record<string, string | undefined>>
  cwd: string
  /** The home folder of the user. MCP clients keep their configuration there. */
  homeDir: string
  osUser: string
  platform: string
  /** The folder that holds `.bir` unless BIR_HOME names another. */
  repositoryDir: string
  /** Set when stdout is a terminal: then lines are cut to its width and may be coloured. */
  terminal: { columns: number; colour: boolean } | undefined
  nowMs(): number
  /** How long a command waits for an answer of the gateway. Undefined: as long as the client does by itself. */
  timeoutMs?: ClientOptions['timeoutMs']
  /** Reads stdin to its end. Throws `CliFault` as soon as there is more than `maxBytes`, and reads no further. */
  readStdin(maxBytes?: number): Promise<string>
  /** Asks the person who types. Undefined: stdin is no terminal. */
  ask: Ask | undefined
  /** Waits. Rejects when the signal is aborted. */
  wait(ms: number, signal: AbortSignal): Promise<void>
  /** Starts a program, and does not wait for its end. */
  startProgram(command: string, args: readonly string[]): void
  /** Aborted when the person presses Ctrl-C from now on, instead of an end of the process. */
  interruption(): AbortSignal
  /** Writes to stdout. */
  out(text: string): void
  /** Writes to stderr. */
  err(text: string): void
}
