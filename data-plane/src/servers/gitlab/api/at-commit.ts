import { z } from 'zod'
import type { HttpApi } from '../../../server-kit/http/api.ts'
import { path } from '../../../server-kit/http/path.ts'
import type { CursorPage, Listed } from './walks.ts'

type Asked = Listed<z.ZodType>['asked']

interface Place {
  readonly api: HttpApi
  readonly project: string
  /** Branch, tag or commit; without it the default branch. */
  readonly ref: string | undefined
  readonly asked: Asked
}

/**
 * A page of a list that is read at a commit: the one that `ref` named when the walk began, which the cursor keeps. So
 * the list stays as it was, whatever is pushed meanwhile.
 */
export async function atCommit<Item>(
  { api, project, ref, asked }: Place,
  page: (ref: string | undefined, asked: Asked) => Promise<CursorPage<Item>>,
): Promise<CursorPage<Item>> {
  const { cursor } = asked.args
  if (ref !== undefined && isSha.test(ref)) return page(ref, asked)
  const [, kept, rest] = cursor === undefined ? [] : (cursorAt.exec(cursor) ?? [])
  const sha = kept ?? (cursor === undefined ? await latestCommit(api, project, ref) : undefined)
  const found = await page(sha ?? ref, { ...asked, args: { ...asked.args, cursor: rest ?? cursor } })
  if (found.nextCursor === null || sha === undefined) return found
  return { ...found, nextCursor: `${sha}.${found.nextCursor}` }
}

const isSha = /^([0-9a-f]{40}|[0-9a-f]{64})$/
const cursorAt = /^([0-9a-f]{40,64})\.(.+)$/s

/** The commit that a branch or a tag names now. Undefined: GitLab lists none there. What is asked for will say why. */
export async function latestCommit(api: HttpApi, project: string, ref: string | undefined): Promise<string | undefined> {
  const { data } = await api.page(path`/projects/${project}/repository/commits`, Commits, { ref_name: ref, per_page: 1 })
  return data[0]?.id
}

const Commits = z.array(z.object({ id: z.string().regex(isSha) }))
