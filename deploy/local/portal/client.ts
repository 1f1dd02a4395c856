import type { Client } from '@bir/sdk'
import { portalKeyId, portalUris, publicKeys } from '@bir/sdk/portal-key'
import type { PortalKey } from '@bir/sdk/portal-key'

const handle = 'portal'
/** On the loopback a client may take any port (RFC 8252, section 7.3): the portal's changes between starts. */
const uris = portalUris('http://127.0.0.1')

/**
 * Makes sure that the control plane knows the portal, by the key of this home. A start that finds all as it should be
 * changes nothing. Resolves with why nobody can sign in at the portal, if so.
 */
export async function ensurePortalClient(client: Client, key: PortalKey): Promise<string | undefined> {
  const jwks = await publicKeys(key)
  const create = () => client.clients.create({ name: 'Portal', handle, portal: true, ...uris, jwks })
  const found = await findClient(client)
  if (!found) await create()
  else if (!found.portal)
    return `Nobody can sign in at the portal: there is another client ${handle}. Delete it (bir client delete ${handle}) and start again.`
  else if (!isHere(found)) {
    await client.clients.delete({ client: handle })
    await create()
  } else if (found.keys?.length !== 1 || found.keys[0] !== (await portalKeyId(key))) await client.clients.rotate({ client: handle, jwks })
  return undefined
}

type Stored = Awaited<ReturnType<Client['clients']['list']>>['items'][number]

async function findClient(client: Client): Promise<Stored | undefined> {
  for (const kind of ['administered', 'service'] as const) {
    let after: string | undefined
    do {
      const page = await client.clients.list({ kind, first: 200, ...(after !== undefined && { after }) })
      const found = page.items.find((item) => item.handle === handle)
      if (found) return found
      after = page.next ?? undefined
    } while (after !== undefined)
  }
  return undefined
}

/** Whether its codes come here. */
const isHere = ({ redirectUris, postLogoutRedirectUris = [] }: Stored): boolean =>
  uris.redirectUris.every((uri) => redirectUris.includes(uri)) &&
  uris.postLogoutRedirectUris.every((uri) => postLogoutRedirectUris.includes(uri))
