import { setTimeout as wait } from 'node:timers/promises'
import { request } from 'undici'
import type { McpCall } from './call.ts'
import type { Gateway } from './gateway.ts'

const readyLimitMs = 60_000

/** Registers a remote server as an administrator would, for one person, and resolves when that person's call of it is answered. */
export async function register(gateway: Gateway, id: string, url: string, person: string): Promise<void> {
  const { client } = gateway
  const { servers = {}, grants = [] } = await client.policy.export()
  const grant = { user: person, server: id, level: 'read' as const }
  await client.policy.apply({ file: { servers: { ...servers, [id]: { kind: 'remote', url } }, grants: [...grants, grant] } })
}

/** Asks one call after the other until it is answered with `expects`. */
export async function answered(url: URL, { headers, body }: McpCall, expects: string): Promise<void> {
  let said = 'nothing'
  for (const endMs = performance.now() + readyLimitMs; performance.now() < endMs; await wait(100)) {
    said = await request(url, { method: 'POST', headers, body }).then(
      (answer) => answer.body.text(),
      (error: unknown) => String(error),
    )
    if (said.includes(expects)) return
  }
  throw new Error(`${url.href} does not answer: ${said.slice(0, 500)}`)
}
