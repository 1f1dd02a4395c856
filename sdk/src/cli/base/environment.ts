/** What the command knows of the world around it; tests fill it in, `main.ts` takes it from the process. */
export interface Environment {
  env: Readonly<Record<string, string | undefined>>
  cwd: string
  /** The person's own folder, where clients keep their configuration. */
  homeDir: string
  osUser: string
  platform: string
  /** Where `.bir` lies when nothing says otherwise. */
  repositoryDir: string
  /** Is a person reading? Then lines fit the screen and may be coloured. */
  terminal: { columns: number; colour: boolean } | undefined
  nowMs(): number
  readStdin(): Promise<string>
  out(text: string): void
  err(text: string): void
}
