import { z } from 'zod'
import { inBrief } from '../../../server-kit/define-tool.ts'
import { path } from '../../../server-kit/http/path.ts'
import { api } from '../api/gitlab-api.ts'
import { gitlab } from '../declaration/server.ts'
import { projectId } from '../input/reference.ts'
import { ProjectArg, textArg } from '../input/text-arg.ts'

const Branch = z
  .object({ name: z.string(), commit: z.object({ id: z.string() }), web_url: z.string().optional() })
  .transform(({ name, commit, web_url }) => ({ branch: name, commit: commit.id, web_url }))

export const createBranch = gitlab.tool({
  name: 'create_branch',
  description: 'Creates a branch that begins at a branch, a tag or a commit.',
  level: 'write',
  input: z.strictObject({ project: ProjectArg, branch: textArg(244, 'Name of the new branch'), ref: textArg(255, 'Where it begins') }),
  output: inBrief(z.object({ branch: z.string(), commit: z.string(), web_url: z.string().optional() })),
  run: ({ project, branch, ref }, context) =>
    api(context).send('POST', path`/projects/${projectId(context.settings, project)}/repository/branches`, Branch, {
      query: { branch, ref },
    }),
  text: ({ branch, commit }) => `The branch ${branch} begins at ${commit}.`,
})
