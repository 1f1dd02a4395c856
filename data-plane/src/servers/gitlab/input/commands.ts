import type { Level } from '@bir/sdk/contract/level'
import { ToolError } from '@bir/sdk/contract/errors'

/** A line that GitLab may take for a quick action, such as `/merge`. Whether it is one, GitLab alone knows. */
const command = /^[^\S\r\n]*(\/[a-z_]{1,60})(?=\s|$)/im

/**
 * Refuses texts with commands in them, unless the caller may do everything on this server: GitLab carries commands out
 * that stand in comments and descriptions, so `/merge` merges. A level below would then do what only `destroy` may.
 */
export function refuseCommands(level: Level, ...texts: readonly (string | undefined)[]): void {
  if (level === 'destroy') return
  const found = texts.map((text) => command.exec(text ?? '')?.[1]).find((name) => name !== undefined)
  if (found === undefined) return
  throw new ToolError('refused_by_policy', `GitLab takes a line that begins with ${found} for a command, which needs the level destroy.`, {
    hint: 'Use the arguments of the tools for what they can change; to write of a command, put other words before it on its line.',
  })
}
