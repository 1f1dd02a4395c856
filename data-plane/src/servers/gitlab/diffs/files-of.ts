import { z } from 'zod'
import type { HttpApi } from '../../../server-kit/http/api.ts'
import type { Path, Query } from '../../../server-kit/http/path.ts'
import { FileDiff } from './file-diff.ts'

const perPage = 100
/** GitLab itself shows no more files of a diff than 3,000. */
const maxPages = 30

/** All files of a list of diffs, to choose some of them by path. */
export async function filesOf({ api, path, query }: { api: HttpApi; path: Path; query?: Query }) {
  const items: FileDiff[] = []
  for (let page = 1; page <= maxPages; page++) {
    const { data, headers } = await api.page(path, z.array(FileDiff), { ...query, page, per_page: perPage })
    items.push(...data)
    if ((headers['x-next-page'] ?? '') === '') break
  }
  return { items, nextCursor: null }
}
