import { ToolError } from '@bir/sdk/contract/errors'
import { z } from 'zod'
import type { HttpApi } from '../../../server-kit/http/api.ts'
import type { Path, Query } from '../../../server-kit/http/path.ts'
import { chosenFiles, FileDiff } from './file-diff.ts'

/** GitLab itself shows no more files of a diff than 3,000. */
const maxReads = 60
/** How many files a request asks for; fewer, once their text is more than the gateway takes. */
const sizes = [100, 20, 5, 1]

/** The files of `paths` in a list of diffs. */
export async function filesOf({ api, path, query }: { api: HttpApi; path: Path; query?: Query }, paths: readonly string[]) {
  const items: FileDiff[] = []
  let [step, read] = [0, 0]
  for (let reads = 0; reads < maxReads; reads++) {
    const size = sizes[step] ?? 1
    const page = { page: read / size + 1, per_page: size }
    const found = await api.page(path, z.array(FileDiff), { ...query, ...page }).catch((error: unknown) => {
      if (error instanceof ToolError && error.code === 'too_large' && size > 1) return undefined
      throw error
    })
    if (!found) step += 1
    else {
      items.push(...chosenFiles(found.data, paths))
      read += size
      if ((found.headers['x-next-page'] ?? '') === '') return { items, nextCursor: null }
    }
  }
  return { items, nextCursor: null, isCut: true }
}
