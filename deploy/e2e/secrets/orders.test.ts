import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@bir/sdk'
import { modernRequest } from '@bir/data-plane/testing'
import { GitLabStandIn } from '@bir/data-plane/testing/gitlab-stand-in'
import { expect, onTestFinished, test } from 'vitest'
import { bootGateway } from '../../testing/boot-gateway.ts'
import { secondPlane } from '../../testing/second-plane.ts'
import { processesWith } from '../processes.ts'
import { bir } from './bir-command.ts'
import { closedProxy } from './closed-proxy.ts'

/** Only who has the file in this folder gets through the proxy. */
function aFolderWith(password: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'bir-orders-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'proxy-password'), password)
  return folder
}

test('a data plane tries a secret whose service the control plane does not reach; where none does, a put says what is missing', async () => {
  await using gitlab = await GitLabStandIn.start()
  const { world } = gitlab
  const bob = world.addUser('bob')
  world.addProject('shop/web', { bob: 'developer' })
  const { value: token } = world.addToken(bob)
  await using proxy = await closedProxy('fake-password')
  await using gateway = await bootGateway()
  const api = createClient({ url: gateway.endpoints.control, token: () => gateway.operatorToken() })
  const settings = { url: gitlab.url, proxy: { url: proxy.url, user: 'gateway', password: { secret: 'proxy-password' } } }
  await api.servers.put({ id: 'gitlab', kind: 'mounted', settings })
  await api.grants.create({ group: 'engineers', server: 'gitlab', level: 'write' })
  const put = (value: string) => bir(gateway.home, ['secret', 'put', 'gitlab', '--user', 'bob'], `${value}\n`)

  expect(await put(token)).toMatchObject({ exit: 3, out: expect.stringContaining('Nothing was saved.') })
  expect(proxy.opened).toBe(0)

  const far = await secondPlane(gateway, { name: 'far', secretsDir: aFolderWith('fake-password') })
  await using _ = far
  expect(await put('glpat-0000000000000000fake')).toMatchObject({ exit: 3, out: expect.stringMatching(/^invalid\n/) })
  expect(await put(token)).toMatchObject({ exit: 0, out: expect.stringMatching(/^ok\n[^]*owner +bob /) })
  expect(proxy.opened).toBeGreaterThan(0)
  const request = modernRequest(await gateway.token('bob'), 'tools/call', { name: 'list_projects', arguments: {} })
  expect(await (await fetch(`${far.mcp}/gitlab`, request)).text()).toContain('shop/web')

  // One data plane stopped, and the other is frozen: it was heard of a moment ago.
  await far.stop()
  const [near] = await processesWith(gateway.home, 'data-plane/src/main.ts')
  process.kill(near.pid, 'SIGSTOP')
  try {
    const said = await put(token)
    expect(said).toMatchObject({ exit: 3, out: expect.stringMatching(/^unreachable\n/) })
    expect(said.out).toContain('The control plane does not reach the service. No data plane took the order')
    expect(said.out).toContain('bir snapshot status')
    expect(said.out).toContain('Nothing was saved.')
  } finally {
    process.kill(near.pid, 'SIGCONT')
  }
})
