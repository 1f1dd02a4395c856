import { ToolError } from '@bir/sdk/contract/errors'
import type { HttpApi } from '../../../server-kit/http/api.ts'
import { path as pathTo } from '../../../server-kit/http/path.ts'
import { MAX_ANSWER_BYTES } from '../../../server-kit/http/service.ts'

/** Where a file is. */
export interface FilePlace {
  readonly api: HttpApi
  readonly project: string
  readonly path: string
  readonly ref: string
}

export interface TextFile {
  readonly lines: readonly string[]
  /** The last commit that changed the file: what `commit_files` takes as `expected_last_commit`. */
  readonly lastCommit: string | undefined
}

/** A file of at most 5 MB, by its lines. A last line end begins no line. */
export async function readFile({ api, project, path, ref }: FilePlace): Promise<TextFile> {
  const limit = { maxBytes: MAX_ANSWER_BYTES, keep: 'all' } as const
  const { text, headers } = await api.text(pathTo`/projects/${project}/repository/files/${path}/raw`, limit, { ref })
  // As git tells binary files from text.
  if (text.slice(0, 8_000).includes('\0')) throw binary()
  const lastCommit = /^[0-9a-f]{40,64}$/.exec(headers['x-gitlab-last-commit-id'] ?? '')?.[0]
  return { lines: text.replace(/\r?\n$/, '').split(/\r?\n/), lastCommit }
}

const binary = () =>
  new ToolError('invalid_input', 'The file is binary, and has no text to show.', { hint: 'Open it in GitLab, or choose another file.' })
