import { setTimeout as wait } from 'node:timers/promises'
import { request } from 'undici'
import type { McpCall } from './call.ts'
import type { Gateway } from './gateway.ts'

const maxReadyMs = 60_000

/** Registers a remote server, with a grant for one person. */
export async function register(gateway: Gateway, id: string, url: string, person: string): Promise<void> {
  const { client } = gateway
  const { servers = {}, grants = [] } = await client.policy.export()
  const grant = { user: person, server: id, level: 'read' as const }
  await client.policy.apply({ file: { servers: { ...servers, [id]: { kind: 'remote', url } }, grants: [...grants, grant] } })
}

/** Repeats a call until its answer contains `expects`. */
export async function waitForAnswer(url: URL, { headers, body }: McpCall, expects: string): Promise<void> {
  let lastAnswer = 'nothing'
  for (const endMs = performance.now() + maxReadyMs; performance.now() < endMs; await wait(100)) {
    lastAnswer = await request(url, { method: 'POST', headers, body }).then(
      (answer) => answer.body.text(),
      (error: unknown) => String(error),
    )
    if (lastAnswer.includes(expects)) return
  }
  throw new Error(`${url.href} does not answer: ${lastAnswer.slice(0, 500)}`)
}
