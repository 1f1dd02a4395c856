import { z } from 'zod'
import type { HttpApi } from '../../../server-kit/http/api.ts'
import { path } from '../../../server-kit/http/path.ts'
import { optional } from '../api/gitlab-api.ts'
import { roleOf } from '../shape/project.ts'

export type ProjectPart = 'languages' | 'members' | 'readme'

interface Wanted {
  readonly id: string
  readonly include: readonly ProjectPart[]
  readonly maxChars: number
  readonly readmeUrl: string | undefined
  readonly branch: string | undefined
}

const Member = z
  .object({ name: z.string(), username: z.string(), access_level: z.number() })
  .transform(({ name, username, access_level }) => `${name} (${username}), ${roleOf(access_level)}`)

/** What is asked for beside the project itself. Parts that this token may not see are named in `unavailable`. */
export async function projectParts(api: HttpApi, wanted: Wanted) {
  const { id, include } = wanted
  const ask = <T>(part: ProjectPart, read: () => Promise<T>) => (include.includes(part) ? optional(read()) : Promise.resolve(undefined))
  const [languages, members, readme] = await Promise.all([
    ask('languages', () => api.get(path`/projects/${id}/languages`, z.record(z.string(), z.number()))),
    ask('members', () => api.get(path`/projects/${id}/members/all`, z.array(Member), { per_page: 100 })),
    ask('readme', () => readReadme(api, wanted)),
  ])
  const found = { languages, members, readme }
  const unavailable = include.filter((part) => found[part] === undefined)
  return {
    languages,
    members,
    readme: readme?.text,
    truncated: readme?.cut || undefined,
    unavailable: unavailable.length > 0 ? unavailable : undefined,
  }
}

/** `readme_url` is a page; the file's path stands behind the branch's name. */
async function readReadme(api: HttpApi, { id, readmeUrl, branch, maxChars }: Wanted) {
  const file = branch === undefined ? undefined : readmeUrl?.split(`/-/blob/${branch}/`)[1]
  if (file === undefined) return undefined
  const { text, cut } = await api.text(
    path`/projects/${id}/repository/files/${decodeURIComponent(file)}/raw`,
    { maxBytes: 4 * maxChars, keep: 'head' },
    { ref: branch },
  )
  return cutAtLine(text, maxChars, cut)
}

function cutAtLine(text: string, maxChars: number, wasCut: boolean) {
  if (text.length <= maxChars) return { text, cut: wasCut }
  const end = text.lastIndexOf('\n', maxChars)
  return { text: text.slice(0, end > 0 ? end : maxChars), cut: true }
}
