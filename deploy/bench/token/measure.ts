import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { PublicJwk } from '@bir/sdk/contract/snapshot'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { endpointOf } from '../../../data-plane/src/http/endpoint.ts'
import { callerIdentifier } from '../../../data-plane/src/policy/caller.ts'
import { tokenVerifier } from '../../../data-plane/src/policy/tokens/verify-token.ts'
import { aPolicy, ALICE, ISSUER } from '../../../data-plane/src/testing/policy.ts'
import { median } from '../measure/figures.ts'

/** All in µs of CPU, but for the memory and the counts. */
export interface TokenFigures {
  firstEdDsaUs: number
  firstEs256Us: number
  cachedUs: number
  personalUs: number
  wrongSignatureUs: number
  unknownKeyUs: number
  floodHeapKb: number
  keptBefore: number
  keptAfter: number
}

const publicUrl = 'http://127.0.0.1:9'
const distinct = 4_000
const cachedRounds = 200
const floodTokens = 100_000

const keys = {
  EdDSA: generateKeyPairSync('ed25519'),
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
}
type Alg = keyof typeof keys
const jwkOf = (alg: Alg): PublicJwk => ({
  ...keys[alg].publicKey.export({ format: 'jwk' }),
  kty: alg === 'EdDSA' ? 'OKP' : 'EC',
  kid: alg,
  alg,
})

const b64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const nowS = Math.floor(Date.now() / 1000)

/** A token as the control plane issues it. */
function aToken(alg: Alg, header: object = {}): string {
  const times = { iat: nowS, exp: nowS + 600 }
  const ids = { jti: uuidv7(), sid: uuidv7(), rev: 1, bnd: { ip: randomBytes(16).toString('base64url'), ua: null } }
  const claims = {
    iss: ISSUER,
    sub: ALICE,
    aud: `${publicUrl}/mcp`,
    client_id: 'https://client.example/metadata.json',
    scope: 'mcp',
    ...times,
    ...ids,
  }
  const signed = `${b64({ alg, typ: 'at+jwt', kid: alg, ...header })}.${b64(claims)}`
  return `${signed}.${signatureOf(alg, signed, keys[alg].privateKey)}`
}

const signatureOf = (alg: Alg, text: string, key: KeyObject) =>
  sign(alg === 'EdDSA' ? null : 'sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')

/** The median of ten parts, so that one pause of the machine does not count. */
function cpuUsEach(bearers: readonly string[], run: (bearer: string) => void): number {
  const size = Math.ceil(bearers.length / 10)
  const parts = Array.from({ length: 10 }, (_, at) => bearers.slice(at * size, (at + 1) * size)).filter(({ length }) => length > 0)
  return median(
    parts.map((part) => {
      const before = process.cpuUsage()
      for (const bearer of part) run(bearer)
      const { user, system } = process.cpuUsage(before)
      return (user + system) / part.length
    }),
  )
}

function measure(): TokenFigures {
  const personal = `bir_pat_${randomBytes(32).toString('base64url')}`
  const personalTokens = { [createHash('sha256').update(personal).digest('hex')]: { id: uuidv7(), subject: ALICE, expiresAtS: nowS + 600 } }
  const policy = aPolicy({ tokenKeys: [jwkOf('EdDSA'), jwkOf('ES256')], personalTokens })
  const source = {
    current: () => policy,
    refusal: () => undefined,
    isAway: () => false,
    freshAtMs: () => Date.now(),
    waitForRevision: () => Promise.resolve(true),
  }
  const verify = tokenVerifier(source)
  const identify = callerIdentifier({ verify, policy: source })
  const endpoint = endpointOf(publicUrl, '/mcp')
  if (!endpoint) throw new Error('no endpoint')
  /** What a request pays before its body is read. A text that comes over the network is a new one each time. */
  const ask = (bearer: string) => void identify(`Bearer ${bearer}`, endpoint)
  const refuse = (bearer: string) => {
    try {
      ask(bearer)
    } catch {
      return
    }
    throw new Error('a wrong token was taken')
  }
  const many = (alg: Alg, count: number) => Array.from({ length: count }, () => aToken(alg))

  cpuUsEach(many('EdDSA', 500), ask)
  const [edDsa, es256] = [many('EdDSA', distinct), many('ES256', distinct)]
  const firstEdDsaUs = cpuUsEach(edDsa, ask)
  const firstEs256Us = cpuUsEach(es256, ask)
  const cached = Array.from({ length: cachedRounds }, () => edDsa.slice(0, 1000)).flat()
  const cachedUs = cpuUsEach(cached, ask)
  const personalUs = cpuUsEach(Array<string>(20_000).fill(personal), ask)

  const good = edDsa.slice(0, 1000)
  const tokens = new Set(good.map((bearer) => verify(bearer)))
  const [head = '', payload = ''] = aToken('EdDSA').split('.')
  const wrong = Array.from({ length: 2_000 }, () => `${head}.${payload}.${randomBytes(64).toString('base64url').slice(0, 85)}A`)
  const wrongSignatureUs = cpuUsEach(wrong, refuse)
  const strangers = Array.from(
    { length: floodTokens },
    (_, at) => `${b64({ alg: 'EdDSA', typ: 'at+jwt', kid: `k${at}` })}.${payload}.${randomBytes(64).toString('base64url').slice(0, 85)}A`,
  )
  globalThis.gc?.()
  const heapBefore = process.memoryUsage().heapUsed
  const unknownKeyUs = cpuUsEach(strangers, refuse)
  globalThis.gc?.()
  const floodHeapKb = (process.memoryUsage().heapUsed - heapBefore) / 1024
  const keptAfter = good.filter((bearer) => tokens.has(verify(bearer))).length
  return {
    firstEdDsaUs,
    firstEs256Us,
    cachedUs,
    personalUs,
    wrongSignatureUs,
    unknownKeyUs,
    floodHeapKb,
    keptBefore: good.length,
    keptAfter,
  }
}

process.send?.(measure())
