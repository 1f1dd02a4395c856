import { cutEnd } from '../../../server-kit/text/cut.ts'
import { api } from '../api/gitlab-api.ts'
import { gitlab } from '../declaration/server.ts'
import { projectId } from '../input/reference.ts'
import { readFile } from '../repository/read-file.ts'

const maxChars = 60_000

export const fileResource = gitlab.template({
  uriTemplate: 'gitlab://{project}/file/{ref}/{path}',
  name: 'file',
  title: 'A file of a repository',
  description: 'The text of a file at a branch, tag or commit. Slashes in a variable are written %2F.',
  mimeType: 'text/plain',
  async read({ project, ref, path }, context) {
    const { lines } = await readFile({ api: api(context), project: projectId(context.settings, project), path, ref })
    const { text, leftChars } = cutEnd(lines.join('\n'), maxChars)
    return leftChars === 0 ? text : `${text}\n[${leftChars} characters were left out: use get_file with start_line]`
  },
})
