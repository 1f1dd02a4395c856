import { ToolError } from '@bir/sdk/contract/errors'
import { z } from 'zod'
import { inBrief } from '../../../server-kit/define-tool.ts'
import type { HttpApi } from '../../../server-kit/http/api.ts'
import { path } from '../../../server-kit/http/path.ts'
import { api } from '../api/gitlab-api.ts'
import { gitlab } from '../declaration/server.ts'
import { projectId } from '../input/reference.ts'
import { ProjectArg, textArg } from '../input/text-arg.ts'
import { oneLine } from '../shape/text.ts'

const File = z.strictObject({
  action: z.enum(['create', 'update', 'move', 'delete']),
  path: textArg(1_000),
  from: textArg(1_000, 'move: the old path').optional(),
  content: inBrief(z.string().max(2_000_000)).optional(),
})
type File = z.output<typeof File>

const Commit = z
  .object({ id: z.string(), title: z.string(), web_url: z.string().optional() })
  .transform(({ id, title, web_url }) => ({ commit: id, title: oneLine(title), web_url }))

export const commitFiles = gitlab.tool({
  name: 'commit_files',
  description:
    'One commit that creates, updates, moves or deletes files of a branch. start_branch makes the branch there. expected_last_commit: refused if a touched file changed after this commit. delete needs the level destroy.',
  level: 'write',
  input: z.strictObject({
    project: ProjectArg,
    branch: textArg(255),
    message: textArg(10_000),
    files: z.array(File).min(1).max(100),
    start_branch: textArg(255).optional(),
    expected_last_commit: textArg(64, 'sha').optional(),
  }),
  output: inBrief(z.object({ commit: z.string(), title: z.string(), web_url: z.string().optional() }), ['commit']),
  async run({ project, branch, message, files, start_branch, expected_last_commit }, context) {
    for (const file of files) checkFile(file, context.level)
    const gitlabApi = api(context)
    const place = projectId(context.settings, project)
    const actions = await Promise.all(
      files.map(async ({ action, path: filePath, from, content }) => ({
        action,
        file_path: filePath,
        previous_path: from,
        content,
        last_commit_id:
          expected_last_commit === undefined || action === 'create'
            ? undefined
            : await lastCommit(gitlabApi, place, from ?? filePath, expected_last_commit),
      })),
    )
    const json = { branch, commit_message: message, start_branch, actions }
    return gitlabApi.send('POST', path`/projects/${place}/repository/commits`, Commit, { json })
  },
  text: ({ commit, title }) => `Committed as ${commit}: ${title}`,
})

function checkFile({ action, path: filePath, from, content }: File, level: string): void {
  const name = JSON.stringify(filePath.slice(0, 200))
  if (action === 'delete' && level !== 'destroy') {
    throw new ToolError('refused_by_policy', `To delete ${name} you need the level destroy on this server.`, {
      hint: 'Leave the delete actions out, or ask an administrator for the level.',
    })
  }
  if ((action === 'create' || action === 'update') && content === undefined) throw incomplete(`${action} of ${name} needs content`)
  if ((action === 'move') !== (from !== undefined))
    throw incomplete(action === 'move' ? `move to ${name} needs from` : 'from belongs to move alone')
}

const incomplete = (fault: string) => new ToolError('invalid_input', `files: ${fault}.`, { hint: 'Correct the named file.' })

/**
 * The commit that changed the file last, as of `ref`. GitLab compares it with the one at the branch in the same step as
 * it commits.
 */
async function lastCommit(api: HttpApi, project: string, file: string, ref: string): Promise<string> {
  const found = await api.get(path`/projects/${project}/repository/commits`, z.array(z.object({ id: z.string() })), {
    ref_name: ref,
    path: file,
    per_page: 1,
  })
  const [last] = found
  if (last) return last.id
  throw new ToolError('invalid_input', `The commit expected_last_commit does not have ${JSON.stringify(file.slice(0, 200))}.`, {
    hint: 'Read the file at the branch, and give the commit at which you read it.',
  })
}
