/** What the command's exit code says. Scripts rely on these four. */
export const EXIT = {
  ok: 0,
  /** The gateway is away, refused, or made a mistake. */
  failed: 1,
  /** The command line or a file given to it is wrong. */
  badInput: 2,
  /** Everything worked, and the answer is no: refused, differs, or a broken chain. */
  no: 3,
} as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]
