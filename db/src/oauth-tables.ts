import type { ColumnType, Generated } from 'kysely'

/** The state of the authorization server. Every `…_hash` is a SHA-256 in hex of a secret that is stored nowhere. */
export interface OAuthTables {
  oauth_clients: OAuthClientsTable
  client_documents: ClientDocumentsTable
  sessions: SessionsTable
  sign_ins: SignInsTable
  authorization_codes: AuthorizationCodesTable
  refresh_tokens: RefreshTokensTable
  exchanged_tokens: ExchangedTokensTable
  device_codes: DeviceCodesTable
  consents: ConsentsTable
  personal_tokens: PersonalTokensTable
  attempt_counts: AttemptCountsTable
}

type Json<T> = ColumnType<T, string, string>
/** A moment that is set later, if at all. */
type Later = ColumnType<Date | null, Date | null | undefined, Date | null>

interface OAuthClientsTable {
  client_id: string
  /** registered: by itself (RFC 7591). administered: by an administrator. service: of a service account. */
  kind: 'registered' | 'administered' | 'service'
  /** The name in commands, of clients that an administrator made. */
  handle: string | null
  name: string
  /** Client metadata (RFC 7591, section 2). */
  metadata: Json<Record<string, unknown>>
  secret_hash: string | null
  /** Of the registration access token (RFC 7592). */
  registration_hash: string | null
  /** The service account. */
  user_id: string | null
  /** An administrator made it as a portal: see `OAuthClient.isPortal`. */
  portal: Generated<boolean>
  made_by: string
  made_at: Generated<Date>
  used_at: Later
  /** A client that registered itself goes when it was not used until then. */
  expires_at: Later
}

/** Client id metadata documents, as they were fetched last. */
interface ClientDocumentsTable {
  client_id: string
  document: Json<Record<string, unknown>>
  etag: string | null
  fetched_at: Date
  fresh_until: Date
}

/** A session is what the claim `sid` of tokens names. */
interface SessionsTable {
  sid: string
  user_id: string
  /** browser: at our own pages. client: of an OAuth client with refresh tokens. token: of a single access token. */
  kind: 'browser' | 'client' | 'token'
  client_id: string
  client_name: string | null
  audience: string | null
  /** Who acts for the person, such as `operator:root`. */
  actor: string | null
  /** The identity provider that said who it is, its `sid`, and its id token, encrypted with the master key. */
  provider: string | null
  provider_session: string | null
  id_token: ColumnType<Buffer | null, Buffer | null | undefined, Buffer | null>
  /** The browser keeps its cookie after it was closed. */
  remembered: Generated<boolean>
  ip: string | null
  user_agent: string | null
  made_at: Generated<Date>
  used_at: Generated<Date>
  /** It ends when it is not used until then, and `until` at the latest. */
  idle_until: Date
  until: Date
  ended_at: Later
  end_reason: string | null
}

/** Sign-ins and consents under way, each in one browser. */
interface SignInsTable {
  id_hash: string
  /** Of the cookie of the browser that began it. */
  browser_hash: string
  /** What happens after the sign-in. page: the browser returns to a page of ours. */
  purpose: 'authorize' | 'device' | 'page'
  request: Json<Record<string, unknown>>
  client_id: string | null
  provider: string | null
  /** The browser's session, once the person has signed in. */
  sid: string | null
  made_at: Generated<Date>
  expires_at: Date
  finished_at: Later
}

interface AuthorizationCodesTable {
  code_hash: string
  /** Of kind `client`. It is ended when the code comes a second time. */
  sid: string
  client_id: string
  redirect_uri: string
  code_challenge: string
  audience: string
  scope: string
  expires_at: Date
  used_at: Later
}

/** Access tokens that others were exchanged for. */
interface ExchangedTokensTable {
  jti: string
  sid: string
  /** The token that it was made of. Null: one of an identity provider. */
  subject_jti: string | null
  /** Who acts with it, with which token of the gateway, if with any. */
  actor_id: string | null
  actor_jti: string | null
  actor_sid: string | null
  /** How the actor is called, such as `service:nightly`. */
  actor: string | null
  /** The client that asked. */
  client_id: string
  expires_at: Date
}

/**
 * The refresh tokens of a session are a family: at most one of them has no successor. That of a portal never gets one.
 */
interface RefreshTokensTable {
  token_hash: string
  sid: string
  client_id: string
  made_at: Generated<Date>
  replaced_at: Later
  /** The `token_hash` of the successor. */
  replaced_by: string | null
  /** The answer that replaced it, encrypted with a key that only the token itself gives. */
  answer: ColumnType<Buffer | null, Buffer | null | undefined, Buffer | null>
}

interface DeviceCodesTable {
  device_hash: string
  user_code_hash: string
  client_id: string
  audience: string
  scope: string
  /** Where the device asked from. */
  ip: string | null
  user_agent: string | null
  interval_s: number
  polled_at: Later
  state: Generated<'pending' | 'approved' | 'denied' | 'used'>
  /** Of kind `client`, once it is approved. */
  sid: string | null
  made_at: Generated<Date>
  expires_at: Date
}

interface ConsentsTable {
  user_id: string
  client_id: string
  redirect_host: string
  audience: string
  scope: string
  given_at: Generated<Date>
  used_at: Generated<Date>
}

interface PersonalTokensTable {
  id: string
  user_id: string
  name: string
  token_hash: string
  /** Null = every server. */
  servers: string[] | null
  /** Networks (CIDR) that it may come from; null = any. */
  networks: string[] | null
  made_by: string
  made_at: Generated<Date>
  expires_at: Date
  used_at: Later
  revoked_at: Later
}

/** How often something was tried in a span of time, over all replicas. */
interface AttemptCountsTable {
  key: string
  window_start: Date
  count: number
}
