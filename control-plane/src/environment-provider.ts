import type { Config } from './config.ts'
import type { EnvironmentProvider } from './providers/setup/configured.ts'

/** The identity provider of the settings `IDP_…`, if they name one. */
export function environmentProvider(config: Config): EnvironmentProvider | undefined {
  const { idpIssuer, idpProvider, idpClientId, idpClientSecret, idpScopes, idpAudience } = config
  if (idpIssuer === undefined) return undefined
  return {
    handle: idpProvider,
    issuer: idpIssuer,
    clientId: idpClientId,
    clientSecret: idpClientSecret,
    scopes: idpScopes,
    audience: idpAudience ?? idpClientId ?? 'bir',
  }
}
