import { z } from 'zod'
import { path } from '../../../server-kit/http/path.ts'
import { cutEnd } from '../../../server-kit/text/cut.ts'
import { fenced } from '../../../server-kit/text/fence.ts'
import { api } from '../api/gitlab-api.ts'
import { gitlab } from '../declaration/server.ts'
import { numbered } from '../input/reference.ts'
import { absent } from '../shape/absent.ts'
import { Person } from '../shape/person.ts'
import { Line } from '../shape/text.ts'

const maxChars = 12_000

const MergeRequest = z.object({
  iid: z.number(),
  title: Line,
  state: z.string(),
  author: absent(Person),
  source_branch: z.string(),
  target_branch: z.string(),
  web_url: z.string(),
  description: absent(z.string()),
})

export const mergeRequestResource = gitlab.template({
  uriTemplate: 'gitlab://{project}/merge_requests/{iid}',
  name: 'merge-request',
  title: 'A merge request',
  description: 'Title, state, branches, author and text of a merge request. Slashes in the project are written %2F.',
  mimeType: 'text/plain',
  async read({ project, iid }, context) {
    const at = numbered(context.settings, 'merge_request', iid, project)
    const found = await api(context).get(path`/projects/${at.project}/merge_requests/${at.iid}`, MergeRequest)
    const { text } = cutEnd(found.description ?? '', maxChars)
    return [
      `!${found.iid} ${found.title} (${found.state}), by ${found.author ?? 'somebody'}`,
      `${found.source_branch} into ${found.target_branch}`,
      found.web_url,
      ...(text === '' ? [] : [fenced('Description', text)]),
    ].join('\n')
  },
})
