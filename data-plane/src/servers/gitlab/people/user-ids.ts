import { ToolError } from '@bir/sdk/contract/errors'
import { z } from 'zod'
import type { HttpApi } from '../../../server-kit/http/api.ts'
import { path } from '../../../server-kit/http/path.ts'
import { textArg } from '../input/text-arg.ts'

export const LoginsArg = (description: string) => z.array(textArg(255)).max(50).describe(description)

const Users = z.array(z.object({ id: z.number(), username: z.string() }))

/** The numbers of people by their logins; GitLab's API takes only numbers. Undefined stays undefined. */
export async function userIds(api: HttpApi, logins: readonly string[] | undefined): Promise<number[] | undefined> {
  return logins && Promise.all(logins.map((login) => userId(api, login.replace(/^@/, ''))))
}

async function userId(api: HttpApi, login: string): Promise<number> {
  const users = await api.get(path`/users`, Users, { username: login })
  const user = users.find(({ username }) => username.toLowerCase() === login.toLowerCase())
  if (user) return user.id
  throw new ToolError('invalid_input', `GitLab knows nobody with the login ${JSON.stringify(login)}.`, {
    hint: 'Give logins such as alice; the tool search finds them with the scope users.',
  })
}
