import { createClient } from '@bir/sdk'
import { TESTED_VAULT } from '@bir/control-plane/testing/vault'
import { modernRequest } from '@bir/data-plane/testing'
import { GitLabStandIn } from '@bir/data-plane/testing/gitlab-stand-in'
import { expect, test } from 'vitest'
import { bootGateway } from '../../testing/boot-gateway.ts'
import { processesWith } from '../processes.ts'
import { stores } from './stores.ts'

test('a plane that reads Vault itself serves calls with secrets also when it starts while the control plane does not answer', async () => {
  const vault = stores.find(({ name }) => name === TESTED_VAULT)
  await using store = await vault!.open()
  await using gitlab = await GitLabStandIn.start()
  const bob = gitlab.world.addUser('bob')
  gitlab.world.addProject('shop/web', { bob: 'developer' })
  await using gateway = await bootGateway({ env: store.env })
  const api = createClient({ url: gateway.endpoints.control, token: () => gateway.operatorToken() })
  await api.servers.put({ id: 'gitlab', kind: 'mounted', settings: { url: gitlab.url } })
  await api.grants.create({ group: 'engineers', server: 'gitlab', level: 'write' })
  const { saved } = await api.secrets.put({ server: 'gitlab', user: 'bob', fields: { token: gitlab.world.addToken(bob).value } })
  expect(saved).toBe(true)
  const token = await gateway.token('bob')
  const call = async () => {
    const request = modernRequest(token, 'tools/call', { name: 'list_projects', arguments: {} })
    const response = await fetch(`${gateway.endpoints.mcp}/gitlab`, request).catch((error: Error) => error)
    return response instanceof Error ? response.message : response.text()
  }
  await expect.poll(call).toContain('shop/web')

  const [control] = await processesWith(gateway.home, 'control-plane/src/main.ts')
  const [plane] = await processesWith(gateway.home, 'data-plane/src/main.ts')
  process.kill(control.pid, 'SIGSTOP')
  try {
    process.kill(plane.pid, 'SIGKILL')
    await expect.poll(call).toContain('shop/web')
  } finally {
    process.kill(control.pid, 'SIGCONT')
  }
})
