import { z } from 'zod'
import { absent, absentList, flag } from './absent.ts'
import { Person } from './person.ts'
import { Line } from './text.ts'
import { Minute } from './time.ts'

/** The members of an issue that every reply has, as GitLab writes them. */
export const issueShape = {
  iid: z.number(),
  references: absent(z.object({ full: z.string().optional() })),
  title: Line,
  state: z.string(),
  confidential: flag,
  author: absent(Person),
  assignees: absentList(Person),
  labels: absentList(z.string()),
  milestone: absent(z.object({ title: Line })),
  due_date: absent(z.string()),
  created_at: absent(Minute),
  updated_at: absent(Minute),
  web_url: z.string(),
}
const Issue = z.object(issueShape)

export const issueHead = ({ references, milestone, ...row }: z.output<typeof Issue>) => ({
  ...row,
  project: references?.full?.replace(/#\d+$/, ''),
  milestone: milestone?.title,
})

/** An issue as GitLab lists it. No reply has `id` and `made_at`: walks need them, to the millisecond. */
export const IssueRow = z.object({ ...issueShape, id: z.number(), created_at: z.string() }).transform(({ id, created_at, ...row }) => ({
  ...issueHead({ ...row, created_at: Minute.parse(created_at) }),
  id,
  made_at: created_at,
}))

export const issueItemShape = {
  iid: z.number(),
  project: z.string().optional(),
  title: z.string(),
  state: z.string(),
  confidential: z.boolean().optional(),
  author: z.string().optional(),
  assignees: z.array(z.string()).optional(),
  labels: z.array(z.string()).optional(),
  milestone: z.string().optional(),
  due_date: z.string().optional(),
  created_at: z.string().optional(),
  updated_at: z.string().optional(),
  web_url: z.string(),
}
export const IssueItem = z.object(issueItemShape)

export const issueLine = ({
  project = '',
  iid,
  title,
  state,
  author,
  assignees,
  labels,
  milestone,
  updated_at,
}: z.input<typeof IssueItem>): string => {
  const facts = [state, author, assignees && `for ${assignees.join(' and ')}`, labels?.join(' '), milestone, updated_at]
  return `${project}#${iid} ${title} (${facts.filter((fact) => fact !== undefined && fact !== '').join(', ')})`
}
