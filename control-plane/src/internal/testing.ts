import { createHash, createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto'
import type { JsonWebKey } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testDb } from '@bir/db/testing'
import { createClient } from '@bir/sdk'
import { heldQuery } from '@bir/sdk/contract/held'
import type { HeldQuery } from '@bir/sdk/contract/held'
import { Manifest, SnapshotAnswer } from '@bir/sdk/contract/snapshot'
import { calculateJwkThumbprint, compactVerify, SignJWT } from 'jose'
import type { JWK } from 'jose'
import { aChain } from '../audit/testing.ts'
import { readConfig } from '../config.ts'
import type { Config } from '../config.ts'
import { startControlPlane } from '../start.ts'

export const ISSUER = 'http://control.test'
export const MCP_URL = 'http://mcp.test'

/** Starts a control plane with its own database. It can be restarted with the same state. */
export async function aRunningControlPlane(env: Record<string, string> = {}) {
  const made = await testDb({ migrated: false })
  const home = mkdtempSync(join(tmpdir(), 'bir-control-'))
  const operatorKey = generateKeyPairSync('ed25519').privateKey
  const events: { level: string; event: string; facts: Record<string, unknown> | undefined }[] = []
  const config = readConfig({
    PORT: '0',
    PUBLIC_URL: ISSUER,
    MCP_URL,
    DATABASE_URL: made.url,
    HOME_DIR: home,
    JOIN_FILE: join(home, 'join'),
    OPERATOR_KEY: JSON.stringify(operatorKey.export({ format: 'jwk' })),
    DRAIN_MS: '1000',
    ...env,
  })
  const start = (more: Partial<Config> = {}) =>
    startControlPlane({ ...config, ...more }, (level, event, facts) => void events.push({ level, event, facts }))
  let running = await start()

  interface Asserted {
    person?: string
    typ?: string
    key?: typeof operatorKey
    exp?: number
    aud?: string
    jti?: string
    htm?: string
    htu?: string
    iat?: number
  }
  const assertion = (more: Asserted = {}) => {
    const nowSeconds = more.iat ?? Math.floor(Date.now() / 1000)
    const { person: sub, htm, htu } = more
    return new SignJWT({ ...(sub && { sub }), ...(htm && { htm }), ...(htu && { htu }) })
      .setProtectedHeader({ alg: 'EdDSA', typ: more.typ ?? 'bir-operator+jwt' })
      .setIssuer('operator:tester')
      .setAudience(more.aud ?? ISSUER)
      .setIssuedAt(nowSeconds)
      .setExpirationTime(nowSeconds + (more.exp ?? 60))
      .setJti(more.jti ?? randomUUID())
      .sign(more.key ?? operatorKey)
  }

  return {
    db: made.db,
    databaseUrl: made.url,
    home,
    events,
    assertion,
    get url() {
      return running.url
    },
    client: (token: string | (() => Promise<string>) = () => assertion()) => createClient({ url: running.url, token }),
    get: (path: string, init?: RequestInit) => fetch(running.url + path, init),
    token: (form: Record<string, string>, init: RequestInit = {}) =>
      fetch(`${running.url}/oauth/token`, { method: 'POST', body: new URLSearchParams(form), ...init }),
    joinLine: () => readFileSync(join(home, 'join'), 'utf8').trim(),
    start,
    close: () => running.close(),
    /** `meanwhile` runs while it is closed, and may change settings. */
    async restart(meanwhile: () => Promise<Partial<Config>> = async () => ({})) {
      await running.close()
      running = await start(await meanwhile())
    },
    async [Symbol.asyncDispose]() {
      await running.close()
      await made.drop()
      rmSync(home, { recursive: true })
    },
  }
}
export type TestControlPlane = Awaited<ReturnType<typeof aRunningControlPlane>>

const jwkOf = async (key: JWK, alg: string) => ({ kty: key.kty, crv: key.crv, x: key.x, alg, kid: await calculateJwkThumbprint(key) })

/** The keys of a new plane, and the request with which it joins. */
async function newPlane(name: string, line: string) {
  const signing = generateKeyPairSync('ed25519')
  const sealing = generateKeyPairSync('x25519')
  const [, secret = '', fingerprint = ''] = /^.*#([^.]+)\.([0-9a-f]{64})$/.exec(line) ?? []
  const request = {
    secret,
    name,
    publicKey: await jwkOf(signing.publicKey.export({ format: 'jwk' }), 'EdDSA'),
    sealingKey: await jwkOf(sealing.publicKey.export({ format: 'jwk' }), 'ECDH-ES'),
  }
  return { signing, sealing, fingerprint, request }
}

/** A plane of this name, with new keys, tries to join with this line. */
export async function tryJoin(control: TestControlPlane, line: string, name = 'plane-1', more: object = {}) {
  const { request } = await newPlane(name, line)
  const answer = await control.get('/internal/v1/join', { method: 'POST', body: JSON.stringify({ ...request, ...more }) })
  return { status: answer.status, body: (await answer.json()) as { id?: string; error?: string; error_description?: string } }
}

export interface Held extends HeldQuery {
  revision: number
}

/** A data plane from the control plane's view: its keys, and its requests. */
export async function aPlane(control: TestControlPlane, name = 'plane-1', line = control.joinLine()) {
  const { signing, sealing, fingerprint, request } = await newPlane(name, line)
  const join = (more: object = {}) => control.get('/internal/v1/join', { method: 'POST', body: JSON.stringify({ ...request, ...more }) })
  const { id, manifestKey, issuer } = (await (await join()).json()) as { id: string; manifestKey: JsonWebKey; issuer: string }
  const manifestPublicKey = createPublicKey({ key: manifestKey, format: 'jwk' })

  const proof = (
    body?: string,
    more: { iss?: string; aud?: string; life?: number; iat?: number; key?: typeof signing.privateKey } = {},
  ) => {
    const iat = more.iat ?? Math.floor(Date.now() / 1000)
    return new SignJWT(body === undefined ? {} : { bdy: createHash('sha256').update(body).digest('hex') })
      .setProtectedHeader({ alg: 'EdDSA', typ: 'bir-plane+jwt' })
      .setIssuer(more.iss ?? id)
      .setAudience(more.aud ?? `${ISSUER}/internal`)
      .setIssuedAt(iat)
      .setExpirationTime(iat + (more.life ?? 60))
      .setJti(randomUUID())
      .sign(more.key ?? signing.privateKey)
  }
  const get = async (path: string, headers: Record<string, string> = {}) =>
    control.get(`/internal/v1${path}`, { headers: { authorization: `Bearer ${await proof()}`, ...headers } })
  const post = async (path: string, body: string) =>
    control.get(`/internal/v1${path}`, { method: 'POST', body, headers: { authorization: `Bearer ${await proof(body)}` } })

  const opened = async (answer: unknown) => {
    const parsed = SnapshotAnswer.parse(answer)
    const jws = 'manifest' in parsed ? parsed.manifest : parsed.fresh
    const { payload, protectedHeader } = await compactVerify(jws, manifestPublicKey)
    const history = protectedHeader['history'] as string | undefined
    return { typ: protectedHeader.typ, history, payload: JSON.parse(Buffer.from(payload).toString()) as unknown }
  }
  return {
    id,
    issuer,
    fingerprint,
    manifestPublicKey,
    sealingKey: sealing.privateKey.export({ format: 'jwk' }),
    chain: aChain(id, signing),
    join,
    proof,
    get,
    post,
    /** The verified answer of a long-poll. Without `held`, the plane is one of an earlier version. */
    async poll(have: number, wait = 0, held: HeldQuery = {}, url = control.url) {
      const headers = { authorization: `Bearer ${await proof()}` }
      const answer = await fetch(`${url}/internal/v1/snapshot?have=${have}&wait=${wait}&${heldQuery(held)}`, { headers })
      return opened(await answer.json())
    },
    /** Takes what is newer than `held`, and acknowledges it as a plane does. */
    async take(held: Held = { revision: 0 }): Promise<Held> {
      const { typ, history, payload } = await this.poll(held.revision, 0, held)
      if (typ !== 'bir-manifest+jwt') return held
      const { revision, root } = Manifest.parse(payload)
      await post(`/acks?${heldQuery({ history, root })}`, JSON.stringify({ revision }))
      return { revision, root, history }
    },
    async manifest(have = 0) {
      return Manifest.parse((await this.poll(have)).payload)
    },
    async chunk(name: string) {
      const response = await get(`/chunks/${name}`)
      const bytes = Buffer.from(await response.arrayBuffer())
      return { response, bytes, sha256: createHash('sha256').update(bytes).digest('hex') }
    },
  }
}
