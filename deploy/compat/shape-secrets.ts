import type { Client as Api } from '@bir/sdk'
import { GitLabStandIn } from '@bir/data-plane/testing/gitlab-stand-in'

/** Long enough that what is kept says the same in later years. */
const expiresAt = new Date('2090-01-01T00:00:00Z')

/**
 * Secrets of each kind of holder for GitLab: one that covers all, one that covers reading alone, one that was revoked,
 * one that a group has, and somebody without any.
 */
export async function shapeSecrets(api: Api): Promise<void> {
  await using gitlab = await GitLabStandIn.start()
  const { world } = gitlab
  const tokenFor = (username: string, scopes: string[]) => world.addToken(world.addUser(username), { scopes, expiresAt })
  const [all, reading, shared] = [tokenFor('bob', ['api']), tokenFor('alice', ['read_api']), tokenFor('robot', ['api'])]
  const revoked = tokenFor('carol', ['api'])
  await api.servers.put({ id: 'gitlab', kind: 'mounted', settings: { url: gitlab.url }, secret: { from: ['person', 'group'] } })
  for (const user of ['alice', 'bob', 'carol', 'admin']) await api.grants.create({ user, server: 'gitlab', level: 'destroy' })
  await api.grants.create({ group: 'analysts', server: 'gitlab', level: 'write' })
  const put = (holder: { user: string } | { group: string }, token: string) =>
    api.secrets.put({ server: 'gitlab', ...holder, fields: { token } })
  await put({ user: 'bob' }, all.value)
  await put({ user: 'alice' }, reading.value)
  await put({ user: 'carol' }, revoked.value)
  await put({ group: 'analysts' }, shared.value)
  revoked.revoked = true
  await api.secrets.check({ server: 'gitlab', user: 'carol' })
}
