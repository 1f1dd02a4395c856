/** The exit codes of the command. Scripts rely on these four. */
export const EXIT = {
  ok: 0,
  /** The gateway does not answer, refused, or made a mistake. */
  failed: 1,
  /** The command line or a file given to it is wrong. */
  badInput: 2,
  /** The command worked and its answer is no: access refused, policy differs, chain broken. */
  no: 3,
} as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]
