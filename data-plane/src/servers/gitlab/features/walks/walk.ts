import type { Project } from '../../../../testing/gitlab-stand-in/world/project.ts'
import type { World } from '../../../../testing/gitlab-stand-in/world/world.ts'

/** A list tool, and what somebody else does meanwhile. */
export interface Walk {
  readonly tool: string
  readonly args: object
  /** Whatever happens, the walk gives what was there when it began. */
  readonly isPinned?: true
  key(item: Record<string, unknown>): string
  /** The keys of all that the tool should list. */
  all(world: World): string[]
  add(world: World): void
  remove?(world: World, at: number): void
  /** Changes one of them, and makes it the most recently active. */
  touch?(world: World, at: number): void
}

export const web = (world: World): Project => {
  const [project] = world.projects
  if (!project) throw new Error('the shop has a project')
  return project
}

/** The same for any number. */
export const pick = <T>(items: readonly T[], at: number): T | undefined => items[at % Math.max(1, items.length)]

export const without = <T>(items: readonly T[], one: T | undefined): T[] => items.filter((item) => item !== one)
