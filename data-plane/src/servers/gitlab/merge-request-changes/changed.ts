import { z } from 'zod'
import { inBrief } from '../../../server-kit/define-tool.ts'
import { absent } from '../shape/absent.ts'
import { mergeRequestHead, MergeRequestItem, mergeRequestShape } from '../shape/merge-request.ts'

/** A merge request after a change, with its head. */
export const ChangedMergeRequest = z
  .object({ ...mergeRequestShape, sha: absent(z.string()) })
  .transform(({ sha, ...row }) => ({ ...mergeRequestHead(row), sha }))

export const changedOutput = inBrief(MergeRequestItem.extend({ sha: z.string().optional() }), ['iid', 'web_url'])

const draftMark = /^\s*(?:\[Draft\]|\(Draft\)|Draft:)\s*/i

/** GitLab takes a merge request as a draft by the beginning of its title. */
export function titleOf(title: string, draft: boolean | undefined): string {
  if (draft === undefined) return title
  const bare = title.replace(draftMark, '')
  return draft ? `Draft: ${bare}` : bare
}
