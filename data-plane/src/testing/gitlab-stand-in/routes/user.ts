import { badRequest, noContent, ok } from '../http/answer.ts'
import { route, text } from '../http/call.ts'
import type { Route } from '../http/call.ts'
import { paginate } from '../http/paging.ts'
import { presentUser } from '../world/people.ts'
import { day, timestamp } from '../world/timestamps.ts'

export const userRoutes: readonly Route[] = [
  route(
    'GET',
    '/personal_access_tokens/self',
    ({ token }) => {
      if (token.kind === 'oauth') throw badRequest('This endpoint requires token type to be a personal access token')
      return ok({
        id: token.id,
        name: token.name,
        revoked: token.revoked,
        created_at: timestamp(token.createdAt),
        description: null,
        scopes: token.scopes,
        user_id: token.user.id,
        last_used_at: timestamp(token.createdAt),
        active: true,
        expires_at: day(token.expiresAt),
      })
    },
    { anyScope: true },
  ),

  // Whatever its scopes, a token may revoke itself.
  route(
    'DELETE',
    '/personal_access_tokens/self',
    ({ token }) => {
      if (token.kind === 'oauth') throw badRequest('This endpoint requires token type to be a personal access token')
      token.revoked = true
      return noContent
    },
    { anyScope: true },
  ),

  route(
    'GET',
    '/user',
    ({ user }) =>
      ok({ ...presentUser(user), email: user.email, public_email: '', commit_email: user.email, bot: user.bot, two_factor_enabled: true }),
    { readUser: true },
  ),

  route(
    'GET',
    '/users',
    (call) => {
      const username = text(call, 'username')?.toLowerCase()
      const search = text(call, 'search')?.toLowerCase()
      const found = call.world.users.filter(
        (user) =>
          (username === undefined || user.username.toLowerCase() === username) &&
          (search === undefined || `${user.username} ${user.name}`.toLowerCase().includes(search)),
      )
      return paginate(call, found, presentUser)
    },
    { readUser: true },
  ),

  route('GET', '/version', () => ok({ version: '17.5.1-ee', revision: '5f0e2b1c3d4' }), { readUser: true }),
  route('GET', '/metadata', () => ok({ version: '17.5.1-ee', revision: '5f0e2b1c3d4', enterprise: true, kas: { enabled: false } }), {
    readUser: true,
  }),
]
