import { ToolError } from '@bir/sdk/contract/errors'
import { z } from 'zod'
import { path } from '../../../server-kit/http/path.ts'
import { api } from '../api/gitlab-api.ts'
import { gitlab } from '../declaration/server.ts'
import { projectId } from '../input/reference.ts'
import { ProjectArg, textArg } from '../input/text-arg.ts'

const Branch = z.object({ name: z.string(), default: z.boolean(), protected: z.boolean(), commit: z.object({ id: z.string() }) })

export const deleteBranch = gitlab.tool({
  name: 'delete_branch',
  description:
    'Deletes a branch; never the default branch or a protected one. The reply names its last commit, with which it can be made again.',
  level: 'destroy',
  input: z.strictObject({ project: ProjectArg, branch: textArg(255) }),
  output: z.object({ deleted: z.string(), commit: z.string() }),
  async run({ project, branch }, context) {
    const gitlabApi = api(context)
    const where = path`/projects/${projectId(context.settings, project)}/repository/branches/${branch}`
    const found = await gitlabApi.get(where, Branch)
    if (found.default || found.protected) throw kept(branch, found.default ? 'the default branch' : 'a protected branch')
    await gitlabApi.send('DELETE', where, z.unknown())
    return { deleted: found.name, commit: found.commit.id }
  },
  text: ({ deleted, commit }) => `The branch ${deleted} is deleted. Its last commit was ${commit}.`,
})

const kept = (branch: string, what: string) =>
  new ToolError('refused_by_policy', `${JSON.stringify(branch)} is ${what}, which this tool never deletes.`, {
    hint: 'Choose another branch.',
  })
