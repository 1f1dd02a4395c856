import { createClient } from '@bir/sdk'
import { GitLabStandIn } from '@bir/data-plane/testing/gitlab-stand-in'
import { expect, test } from 'vitest'
import { bootGateway } from '../../testing/boot-gateway.ts'
import { processesWith } from '../processes.ts'
import { bir } from './bir-command.ts'
import { listeningClient } from './listening-client.ts'
import { stores } from './stores.ts'

/**
 * What people see of secrets, on the whole product with GitLab's stand-in: a bad token is refused with its reason and
 * kept nowhere, a good one turns the tools on in clients that are connected, a revoked one takes them away.
 */

for (const { name, skip, open } of stores) {
  const title = `${name}: a bad token is refused, a good one turns tools on, a revoked one off, in connected clients`
  test.skipIf(skip !== undefined)(skip === undefined ? title : `${title} (${skip})`, async () => {
    await using store = await open()
    await using gitlab = await GitLabStandIn.start()
    const { world } = gitlab
    const bob = world.addUser('bob')
    world.addProject('shop/web', { bob: 'developer' })
    const good = world.addToken(bob)
    await using gateway = await bootGateway({ env: store.env })
    const run = (args: string[], input = '') => bir(gateway.home, args, input)
    const api = createClient({ url: gateway.endpoints.control, token: () => gateway.operatorToken() })
    await api.servers.put({ id: 'gitlab', kind: 'mounted', settings: { url: gitlab.url } })
    await api.grants.create({ group: 'engineers', server: 'gitlab', level: 'write' })

    const token = await gateway.token('bob')
    await using modern = await listeningClient('modern', gateway.endpoints.mcp, token)
    await using legacy = await listeningClient('legacy', gateway.endpoints.mcp, token)
    const clients = [modern, legacy]
    const listed = () => Promise.all(clients.map(async (client) => (await client.tools('gitlab_')).length > 0))
    const refused = async () => Promise.all(clients.map((client) => client.call('gitlab_list_projects')))
    for (const answer of await refused()) {
      expect(answer).toContain('secret_missing')
      expect(answer).toContain(`${gateway.endpoints.portal}/secrets#gitlab`)
      expect(answer).toContain('bir secret put gitlab')
    }
    expect(await listed()).toEqual([false, false])

    const bad = {
      invalid: 'glpat-0000000000000000fake',
      expired: world.addToken(bob, { expiresAt: new Date(0) }).value,
      wrong_kind: 'ghp_0000000000000000000000000000000fake1',
      insufficient_scope: world.addToken(bob, { scopes: ['read_user'] }).value,
    }
    for (const [word, value] of Object.entries(bad)) {
      const said = await run(['secret', 'put', 'gitlab', '--user', 'bob'], `${value}\n`)
      expect(said).toMatchObject({ exit: 3, out: expect.stringMatching(new RegExp(`^${word}\\n`)), err: '' })
      expect(said.out).toContain('Nothing was saved.')
      expect(said.out).not.toContain(value)
    }
    const stateOfBob = async () => {
      const { out } = await run(['secret', 'list', '--user', 'bob', '--json'])
      return (JSON.parse(out) as { state: string }).state
    }
    expect(await stateOfBob()).toBe('missing')

    const before = clients.map((client) => client.heard())
    const saved = await run(['secret', 'put', 'gitlab', '--user', 'bob'], `${good.value}\n`)
    expect(saved).toMatchObject({ exit: 0, out: expect.stringMatching(/^ok\n[^]*owner +bob [^]*scopes +api\n/), err: '' })
    await expect.poll(() => clients.every((client, i) => client.heard() > (before[i] ?? 0)), { message: 'list_changed' }).toBe(true)
    await expect.poll(listed).toEqual([true, true])
    for (const client of clients) expect(await client.call('gitlab_list_projects')).toContain('shop/web')
    expect(gitlab.requests.filter(({ path }) => path.includes('/projects')).map((request) => request.token)).toContain(good.value)

    // The control plane does not answer: what was read is used on.
    const [control] = await processesWith(gateway.home, 'control-plane/src/main.ts')
    process.kill(control.pid, 'SIGSTOP')
    try {
      expect(await legacy.call('gitlab_list_projects')).toContain('shop/web')
    } finally {
      process.kill(control.pid, 'SIGCONT')
    }

    const checked = await run(['secret', 'check', 'gitlab', '--user', 'bob'])
    expect(checked).toMatchObject({ exit: 0, out: expect.stringMatching(/^ok\n/) })
    good.revoked = true
    const heard = clients.map((client) => client.heard())
    expect(await modern.call('gitlab_list_projects')).toMatch(/secret_invalid/)
    await expect.poll(stateOfBob).toBe('invalid')
    await expect.poll(() => clients.every((client, i) => client.heard() > (heard[i] ?? 0)), { message: 'list_changed' }).toBe(true)
    await expect.poll(listed).toEqual([false, false])
    for (const answer of await refused()) expect(answer).toContain('/secrets#gitlab')

    const { out } = await run(['secret', 'history', '--user', 'bob'])
    for (const word of Object.keys(bad)) expect(out).toContain(word)
    expect(out).not.toContain(good.value)
    expect(gateway.output()).not.toContain(good.value)
  })
}
