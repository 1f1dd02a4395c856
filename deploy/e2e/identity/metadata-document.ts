import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { selfSigned } from '../../testing/certificate.ts'

export interface MetadataDocument extends AsyncDisposable {
  /** The address of the document: the client's id. */
  url: string
  /** Host and port, as the policy names it. */
  host: string
  /** The certificate, which the gateway has to trust. */
  certificate: string
  /** How often the document was fetched. */
  fetched(): number
}

/** Serves the metadata document of a client at loopback, over TLS as every such document. */
export async function serveMetadataDocument(name: string, redirectUris: string[]): Promise<MetadataDocument> {
  const { key, certificate } = selfSigned()
  let fetched = 0
  const server = createServer({ key, cert: certificate }, (_request, response) => {
    fetched += 1
    const document = {
      client_id: url,
      client_name: name,
      redirect_uris: redirectUris,
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    }
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'max-age=300' }).end(JSON.stringify(document))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const url = `https://${host}/client.json`
  return {
    url,
    host,
    certificate,
    fetched: () => fetched,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
