import fc from 'fast-check'
import type { ServerOrigin } from './rewrite-result.ts'
import type { Routes } from './rewrite-request.ts'

export const aServer = fc.stringMatching(/^[a-z0-9-]{1,32}$/).filter((id) => id !== 't')

/** Any name that a server may give a tool or prompt. */
export const aName = fc.string({ unit: 'binary', maxLength: 120 })
export const aUri = fc.oneof(
  fc.webUrl(),
  fc.string({ unit: 'binary' }),
  fc.string().map((rest) => `ui://${rest}`),
  fc.string().map((rest) => `skill://${rest}`),
  fc.constantFrom('file:///a{/path*}{?q,r}', '{+uri}', 'ui://{app}/view', 'ui://', '', 'mcp+other:file:///x', 'UI://x', '__proto__'),
)

/** Seals a task id by joining it with its server, in plain text. */
export const originOf = (server: string): ServerOrigin => ({ server, sealTask: (id) => JSON.stringify([server, id]) })

export const routes: Routes = {
  bookOf: () => undefined,
  openTask(sealed) {
    const [server, taskId] = JSON.parse(sealed) as [string, string]
    return { server, taskId }
  },
}
