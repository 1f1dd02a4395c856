import { ToolError } from '@bir/sdk/contract/errors'
import { path } from '../../../server-kit/http/path.ts'
import { cutBeginning } from '../../../server-kit/text/cut.ts'
import { plainLog } from '../../../server-kit/text/plain-log.ts'
import { api } from '../api/gitlab-api.ts'
import { gitlab } from '../declaration/server.ts'
import { projectId } from '../input/reference.ts'

/** Lines with colours and marks are longer than what is shown of them. */
const tailBytes = 1024 * 1024
const maxChars = 60_000

export const jobLogResource = gitlab.template({
  uriTemplate: 'gitlab://{project}/jobs/{id}/log',
  name: 'job-log',
  title: 'The log of a job',
  description: 'The end of the log of a CI job, without colours. Slashes in the project are written %2F.',
  mimeType: 'text/plain',
  async read({ project, id }, context) {
    if (!/^\d{1,15}$/.test(id))
      throw new ToolError('invalid_input', 'The id of a job is a number.', { hint: 'get_pipeline names the jobs.' })
    const place = path`/projects/${projectId(context.settings, project)}/jobs/${id}/trace`
    const { text } = await api(context).text(place, { maxBytes: tailBytes, keep: 'tail' })
    return cutBeginning(plainLog(text), maxChars).text
  },
})
