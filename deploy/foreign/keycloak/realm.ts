/** The client that the gateway is to Keycloak. */
export const CLIENT_ID = 'bir-gateway'
export const REALM = 'bank'

interface RealmOptions {
  clientSecret: string
  /** Where people return to from Keycloak. */
  redirectUri: string
  signedOutUri: string
  people: { username: string; password: string; name: string; groups: string[]; roles: string[] }[]
}

/**
 * A realm as its export has it: the gateway's client with a secret and PKCE, its mappers for the
 * groups and roles of a person, and people with passwords.
 */
export function realmOf({ clientSecret, redirectUri, signedOutUri, people }: RealmOptions): Record<string, unknown> {
  return {
    realm: REALM,
    enabled: true,
    sslRequired: 'none',
    accessTokenLifespan: 300,
    groups: [...new Set(people.flatMap(({ groups }) => groups))].map((name) => ({ name })),
    roles: { realm: [...new Set(people.flatMap(({ roles }) => roles))].map((name) => ({ name })) },
    clients: [
      {
        clientId: CLIENT_ID,
        secret: clientSecret,
        protocol: 'openid-connect',
        publicClient: false,
        standardFlowEnabled: true,
        directAccessGrantsEnabled: false,
        redirectUris: [redirectUri],
        attributes: { 'pkce.code.challenge.method': 'S256', 'post.logout.redirect.uris': signedOutUri },
        defaultClientScopes: ['basic', 'profile', 'email'],
        protocolMappers: [
          mapper('groups', 'oidc-group-membership-mapper', { 'full.path': 'false' }),
          mapper('roles', 'oidc-usermodel-realm-role-mapper', { multivalued: 'true', 'jsonType.label': 'String' }),
        ],
      },
    ],
    users: people.map(({ username, password, name, groups, roles }) => ({
      username,
      enabled: true,
      email: `${username}@bank.example`,
      emailVerified: true,
      firstName: name.split(' ')[0],
      lastName: name.split(' ').slice(1).join(' '),
      credentials: [{ type: 'password', value: password, temporary: false }],
      groups,
      realmRoles: roles,
    })),
  }
}

const mapper = (claim: string, kind: string, config: Record<string, string>) => ({
  name: claim,
  protocol: 'openid-connect',
  protocolMapper: kind,
  config: { 'claim.name': claim, 'id.token.claim': 'true', 'access.token.claim': 'true', 'userinfo.token.claim': 'true', ...config },
})
