import { mkdtempSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ForwardedHeader } from '@bir/sdk/client-address'
import { AUDIT_VERSION, AuditRecord } from '@bir/sdk/contract/audit'
import type { PlanesChunk, RemoteEntry, ServerEntry } from '@bir/sdk/contract/snapshot'
import type { GatewayError } from '@bir/sdk/contract/errors'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { assemblePlane } from '../assemble-plane.ts'
import type { AssembledPlane } from '../assemble-plane.ts'
import { SpoolJournal } from '../audit/journal.ts'
import { segments } from '../audit/segments.ts'
import { Spool } from '../audit/spool.ts'
import type { IsGone } from '../control/secrets/report-missing.ts'
import type { Identity } from '../control/identity.ts'
import { originRules } from '../http/allowed-origins.ts'
import { peerSigner } from '../peers/signature.ts'
import type { OutgoingFilter } from '../pipeline/filters/outgoing.ts'
import { restrictToMounted } from '../policy/validate.ts'
import { Sealer } from '../runtime/sealer.ts'
import { Timers } from '../runtime/timers.ts'
import type { Ports } from '../pipeline/call/ports.ts'
import type { SecretReader } from '../secrets/reader.ts'
import type { ReadSecret } from '../secrets/files.ts'
import { SecretsInUse } from '../secrets/in-use.ts'
import { defineServer } from '../server-kit/define.ts'
import type { MountedServer } from '../server-kit/define.ts'
import { mountedServers } from '../servers/index.ts'
import { EndedSessions } from '../sessions/ended-sessions.ts'
import type { SessionMemory } from '../sessions/session-memory.ts'
import type { DroppedMessages } from '../upstream/dropped.ts'
import { aPolicy, ALICE, ISSUER } from './policy.ts'
import type { PolicyParts } from './policy.ts'

export { aPolicy, ALICE, DAVE } from './policy.ts'

/** What `{ secret: … }` resolves to, whatever its name. */
export const SECRET = 'the-secret-of-the-test'
export const PUBLIC_URL = 'http://127.0.0.1:9'

/** A server whose tools do what a test tells them, one of each level. */
export function aServer(
  run: Partial<Record<'read' | 'write' | 'destroy', (args: { text: string }, signal: AbortSignal) => unknown>> = {},
): MountedServer {
  const server = defineServer({ id: 'things', title: 'Things', settings: z.object({}) })
  const tool = (level: 'read' | 'write' | 'destroy', name: string) =>
    server.tool({
      name,
      description: `A ${level} tool.`,
      level,
      input: z.strictObject({ text: z.string().default('') }),
      output: z.object({ result: z.unknown() }),
      run: async (args, { signal }) => ({ result: (await run[level]?.(args, signal)) ?? args.text }),
    })
  return server.with(tool('read', 'get_thing'), tool('write', 'update_thing'), tool('destroy', 'delete_thing'))
}

/** The same; its reader answers when it is told to, and says when it was asked. */
export function aWaitingServer() {
  const asked = Promise.withResolvers<void>()
  const told = Promise.withResolvers<string>()
  const server = aServer({
    read() {
      asked.resolve()
      return told.promise
    },
  })
  return { server, begun: asked.promise, answer: told.resolve }
}

/** A mounted server as the policy lists it. */
export const entryOf = (server: MountedServer): ServerEntry => ({
  kind: 'mounted',
  title: server.title,
  settings: {},
  tools: Object.fromEntries([...server.tools].map(([name, { level }]) => [name, { level }])),
})

/** Where a plane lives among others, and what it keeps when it stops. */
export interface Place {
  readonly identity: Identity
  readonly homeDir: string
  /** Signs the tokens that all of them know. */
  readonly tokens: CryptoKeyPair
  roster(): PlanesChunk['planes']
}

export interface TestPlane extends AsyncDisposable {
  url: string
  /** Where other planes reach it. */
  internalUrl: string
  /** Where it keeps what it writes. */
  homeDir: string
  /** Replaces the policy in force. */
  use(parts: PolicyParts): void
  /** From now on the plane serves nobody, for this reason; or, without one, everybody again. */
  refuse(refusal?: GatewayError): void
  /** Good for ten minutes, issued `lateS` ago. */
  token(claims?: { sub?: string; lateS?: number } & Record<string, unknown>): Promise<string>
  records(): AuditRecord[]
  /** What is known of the control plane: when it spoke last, and whether it is away now. */
  fresh: { atMs: number; isAway: boolean }
  /** How many calls were served offline. */
  offline: { calls: number }
  /** The sessions that the plane wants to end, because somebody else used their token. */
  misused: string[]
  /** How many secrets it holds for calls. */
  secretsHeld(): number
  sessions: SessionMemory
  dropped: DroppedMessages
  /** The bytes that unfinished requests hold. */
  bodies: AssembledPlane['bodies']
  /** Stops it as the process does. What it wrote stays until it is disposed. */
  close: AssembledPlane['close']
}

export interface TestPlaneOptions {
  /** What `{ secret: … }` resolves to. */
  readSecret?: ReadSecret
  /** Where the secrets lie that calls are made with. */
  secretReader?: SecretReader
  /** Hears of the secrets that services refused. */
  recheck?: Ports['recheck']
  /** Says of a secret without a value whether it is lost. */
  isSecretGone?: IsGone
  portalUrl?: string
  /** Outgoing filters beside the gateway's own. */
  moreFilters?: readonly OutgoingFilter[]
  maxRequestBytes?: number
  /** How long a client may leave what waits for it untouched. */
  maxUnreadMs?: number
  /** How often calls under way are decided on again while the policy stays. */
  revocationCheckMs?: number
  /** Takes this machine for a proxy before the plane. */
  behindProxy?: boolean
  /** The header in which that proxy says who the client is. */
  forwardedHeader?: ForwardedHeader
}

/** The data plane as the process assembles it, with a policy that is set by hand instead of fetched. */
export async function testPlane(
  parts: PolicyParts = {},
  extra: MountedServer[] = [],
  remotes: Record<string, RemoteEntry> = {},
  place?: Place,
  {
    readSecret = () => Promise.resolve(SECRET),
    secretReader = { read: async () => undefined, close: async () => undefined },
    recheck,
    isSecretGone,
    portalUrl,
    moreFilters = [],
    maxRequestBytes = 100_000,
    maxUnreadMs,
    revocationCheckMs,
    behindProxy = false,
    forwardedHeader = 'x-forwarded-for',
  }: TestPlaneOptions = {},
): Promise<TestPlane> {
  const home = place?.homeDir ?? mkdtempSync(join(tmpdir(), 'bir-plane-'))
  const { publicKey, privateKey } = place?.tokens ?? (await generateKeyPair('EdDSA', { extractable: true }))
  const tokenKey = { ...(await exportJWK(publicKey)), kty: 'OKP', kid: 'k1', alg: 'EdDSA' }
  const mounted = new Map([...mountedServers, ...extra.map((server): [string, MountedServer] => [server.id, server])])
  const servers = { ...Object.fromEntries([...mounted].map(([id, server]) => [id, entryOf(server)])), ...remotes }
  const made = (given: PolicyParts) =>
    restrictToMounted(mounted, aPolicy({ servers, tokenKeys: [tokenKey], planes: place?.roster() ?? [], ...given }))
  let policy = made(parts)
  const fresh = { atMs: Date.now(), isAway: false }
  let refusal: GatewayError | undefined
  const misused: string[] = []
  const offline = { calls: 0 }
  const followers = new Set<() => void>()
  const source = {
    current: () => policy,
    get held() {
      return policy
    },
    refusal: () => refusal,
    freshAtMs: () => fresh.atMs,
    isAway: () => fresh.isAway,
    waitForRevision: async (revision: number) => policy.revision >= revision,
    onChange(changed: () => void) {
      followers.add(changed)
      return () => followers.delete(changed)
    },
  }

  const node = place?.identity.id ?? uuidv7()
  const { spool } = Spool.open(join(home, 'spool'), { plane: node, boot: uuidv7() }, 1e9)
  spool.readable = AUDIT_VERSION
  const journal = new SpoolJournal({ spool, sign: () => 'unsigned' })
  const sealer = new Sealer()
  sealer.use([{ kid: 's1', key: Buffer.alloc(32, 7) }])
  const plane = assemblePlane({
    node,
    mounted,
    policy: source,
    journal,
    sealer,
    secrets: new SecretsInUse(readSecret, () => undefined),
    secretReader,
    recheck,
    isSecretGone,
    portalUrl,
    endedSessions: new EndedSessions({ path: join(home, 'ended-sessions') }),
    log: () => undefined,
    signForPeer: place && peerSigner(place.identity),
    sealingKey: place?.identity.sealingKey,
    publicUrl: PUBLIC_URL,
    origins: originRules({
      publicUrl: PUBLIC_URL,
      portalUrl: undefined,
      allowedOrigins: ['https://app.example.com'],
      allowedHosts: [],
      loopback: true,
      local: false,
    }),
    maxRequestBytes,
    offline,
    misused: (session) => void misused.push(session),
    proxies: { isTrusted: (address) => behindProxy && address === '127.0.0.1', header: forwardedHeader },
    health: () => ({ ok: true, body: { status: 'ok' } }),
    timers: new Timers({ tickMs: 5 }),
    idleCheckMs: 20,
    gossipMs: 50,
    moreFilters,
    maxUnreadMs,
    ...(revocationCheckMs !== undefined && { revocationCheckMs }),
  })
  for (const changed of followers) changed()
  let closing: Promise<void> | undefined
  const close: AssembledPlane['close'] = (limits) => (closing ??= plane.close(limits))
  await plane.start()
  const [url, internalUrl] = [await listening(plane.server), await listening(plane.internalServer)]

  return {
    url,
    internalUrl,
    homeDir: home,
    sessions: plane.sessions,
    secretsHeld: () => plane.leases.health.leases,
    fresh,
    dropped: plane.dropped,
    offline,
    misused,
    bodies: plane.bodies,
    close,
    use: (given) => {
      policy = made({ ...parts, ...given })
      for (const changed of followers) changed()
    },
    refuse: (given) => {
      refusal = given
      for (const changed of followers) changed()
    },
    token: ({ sub = ALICE, lateS = 0, ...claims } = {}) =>
      new SignJWT({ aud: `${PUBLIC_URL}/mcp`, client_id: 'test', scope: 'mcp', jti: uuidv7(), rev: 1, ...claims })
        .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: 'k1' })
        .setIssuer(ISSUER)
        .setSubject(sub)
        .setIssuedAt(new Date(Date.now() - lateS * 1000))
        .setExpirationTime(new Date(Date.now() + (600 - lateS) * 1000))
        .sign(privateKey),
    records: () =>
      segments(join(home, 'spool')).flatMap(({ path }) =>
        readFileSync(path, 'utf8')
          .split('\n')
          .filter((line) => line.startsWith('{'))
          .map((line) => AuditRecord.parse(JSON.parse(line))),
      ),
    async [Symbol.asyncDispose]() {
      await close({ stopDelayMs: 0, drainMs: 0 })
      await journal.close()
      if (!place) rmSync(home, { recursive: true })
    },
  }
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

export const MODERN = '2026-07-28'

/** A modern request as a client sends it: envelope and headers. */
export function modernRequest(
  token: string | undefined,
  method: string,
  params: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): RequestInit & { body: string } {
  const _meta = { 'io.modelcontextprotocol/protocolVersion': MODERN, 'io.modelcontextprotocol/clientCapabilities': {} }
  const name = params['name'] ?? params['uri'] ?? params['taskId']
  return {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': MODERN,
      'mcp-method': method,
      ...(typeof name === 'string' && { 'mcp-name': name }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { _meta, ...params } }),
  }
}

/** A legacy request: in a session, or opening one. */
export const legacyRequest = (
  token: string,
  method: string,
  params: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): RequestInit & { body: string } => ({
  method: 'POST',
  headers: {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    authorization: `Bearer ${token}`,
    ...headers,
  },
  body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
})
