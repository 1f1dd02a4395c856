import { z } from 'zod'
import { absent, absentList } from './absent.ts'
import { OptionalLine } from './text.ts'
import { Minute } from './time.ts'

/** A project in a list, as `simple=true` gives it. */
export const ProjectRow = z.object({
  /** For walks alone: no reply has it. */
  id: z.number(),
  path_with_namespace: z.string(),
  description: OptionalLine,
  default_branch: absent(z.string()),
  topics: absentList(z.string()),
  last_activity_at: absent(Minute),
  web_url: z.string(),
})

export const ProjectItem = z.object({
  path_with_namespace: z.string(),
  description: z.string().optional(),
  default_branch: z.string().optional(),
  topics: z.array(z.string()).optional(),
  last_activity_at: z.string().optional(),
  web_url: z.string(),
})

export const projectLine = ({ path_with_namespace, description, last_activity_at }: z.input<typeof ProjectItem>): string =>
  `${path_with_namespace}${last_activity_at === undefined ? '' : ` (active ${last_activity_at})`}${description === undefined ? '' : `: ${description}`}`

const roles: Readonly<Record<number, string>> = {
  5: 'minimal access',
  10: 'guest',
  15: 'planner',
  20: 'reporter',
  30: 'developer',
  40: 'maintainer',
  50: 'owner',
}

/** The word for an access level of GitLab. */
export const roleOf = (accessLevel: number): string => roles[accessLevel] ?? `level ${accessLevel}`
