import type { MountedServer } from '@bir/data-plane/servers/define'
import { PUBLIC_URL, testPlane } from '@bir/data-plane/testing'
import type { Remotes, TestedGateway } from './gateway.ts'

/** The suite calls as fast as it can, as one person. */
const settings = { ratePerSecond: 10_000, rateBurst: 10_000 }

/** The data plane as it is, in this process, with a policy set by hand. */
export async function planeGateway(remotes: Remotes, mounted: MountedServer[]): Promise<TestedGateway> {
  if (Object.keys(remotes).length > 0) throw new Error('The data plane alone does not take remote servers yet.')
  const granted = [...Object.keys(remotes), ...mounted.map(({ id }) => id)]
  const grants = Object.fromEntries(granted.map((id) => [id, { user: [{ level: 'destroy' as const }] }]))
  const plane = await testPlane({ grants, settings }, mounted)
  return {
    url: (server) => new URL(`${plane.url}/mcp/${server}`),
    token: await plane.token(),
    origin: new URL(PUBLIC_URL).origin,
    [Symbol.asyncDispose]: () => plane[Symbol.asyncDispose](),
  }
}
