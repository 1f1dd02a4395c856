import { z } from 'zod'
import { inBrief } from '../../../server-kit/define-tool.ts'
import { path } from '../../../server-kit/http/path.ts'
import { api } from '../api/gitlab-api.ts'
import { gitlab } from '../declaration/server.ts'
import { ProjectArg } from '../input/text-arg.ts'
import { projectId } from '../input/reference.ts'
import { absent } from '../shape/absent.ts'
import { ProjectItem, ProjectRow, roleOf } from '../shape/project.ts'
import { projectParts } from './project-parts.ts'

const Access = absent(z.object({ access_level: z.number() }))

const Project = ProjectRow.extend({
  visibility: absent(z.string()),
  archived: absent(z.boolean()),
  open_issues_count: absent(z.number()),
  readme_url: absent(z.string()),
  permissions: absent(z.object({ project_access: Access, group_access: Access })),
})

export const getProject = gitlab.tool({
  name: 'get_project',
  description:
    'One project: description, default branch, visibility, your role, open issues. Can include languages, members and the readme.',
  level: 'read',
  openWorld: true,
  input: z.strictObject({
    project: ProjectArg,
    include: z
      .array(z.enum(['languages', 'members', 'readme']))
      .max(3)
      .default([]),
    max_chars: z.number().int().min(500).max(60_000).default(12_000).describe('Most characters of the readme'),
  }),
  output: inBrief(
    ProjectItem.extend({
      visibility: z.string().optional(),
      archived: z.boolean().optional(),
      my_role: z.string().optional(),
      open_issues_count: z.number().optional(),
      languages: z.record(z.string(), z.number()).optional(),
      members: z.array(z.string()).optional(),
      readme: z.string().optional(),
      truncated: z.boolean().optional(),
      unavailable: z.array(z.string()).optional(),
    }),
  ),
  async run({ project, include, max_chars }, context) {
    const gitlabApi = api(context)
    const id = projectId(context.settings, project)
    const { permissions, readme_url, ...facts } = await gitlabApi.get(path`/projects/${id}`, Project)
    const level = Math.max(permissions?.project_access?.access_level ?? 0, permissions?.group_access?.access_level ?? 0)
    const parts = await projectParts(gitlabApi, { id, include, maxChars: max_chars, readmeUrl: readme_url, branch: facts.default_branch })
    return { ...facts, my_role: level > 0 ? roleOf(level) : undefined, ...parts }
  },
})
