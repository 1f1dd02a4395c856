import { z } from 'zod'
import { absent } from './absent.ts'
import { oneLine } from './text.ts'
import { Minute } from './time.ts'

/** A commit as GitLab lists it. Its author is a name in git, and no person of GitLab. */
export const CommitRow = z
  .object({ id: z.string(), title: z.string(), author_name: z.string(), created_at: absent(Minute) })
  .transform(({ id, title, author_name, created_at }) => ({
    sha: id,
    title: oneLine(title),
    author: oneLine(author_name, 100),
    created_at,
  }))

export const CommitItem = z.object({ sha: z.string(), title: z.string(), author: z.string(), created_at: z.string().optional() })

export const commitLine = ({ sha, title, author, created_at = '' }: z.input<typeof CommitItem>): string =>
  `${sha.slice(0, 8)} ${title} (${author}, ${created_at})`
