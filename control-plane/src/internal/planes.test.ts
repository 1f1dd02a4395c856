import { execFile } from 'node:child_process'
import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto'
import type { JsonWebKey } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { testDb } from '@bir/db/testing'
import { AUDIT_STORED_HEADER, FIRST_PREV, MAX_AUDIT_RECORD_BYTES } from '@bir/sdk/contract/audit'
import { openSealed } from '@bir/sdk/seal-box'
import { readJoinedPlane } from '@bir/sdk/contract/joined-plane'
import { Fresh, IndexChunk, Manifest } from '@bir/sdk/contract/snapshot'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { parseBatch } from '../audit/batch.ts'
import { ingest } from '../audit/ingest.ts'
import { aChain, ndjson } from '../audit/testing.ts'
import { aPlane, aRunningControlPlane, ISSUER, MCP_URL } from './testing.ts'
import type { TestControlPlane } from './testing.ts'

const alice = { handle: 'alice', provider: 'demo', subject: 'alice' }
const bob = { handle: 'bob', provider: 'demo', subject: 'bob' }

test('a plane joins with the join line, and gets the manifest key of the fingerprint in that line', async () => {
  await using control = await aRunningControlPlane()
  expect(control.joinLine()).toMatch(/^http:\/\/control\.test#[\w-]{43}\.[0-9a-f]{64}$/)
  const plane = await aPlane(control)
  const der = plane.manifestPublicKey.export({ format: 'der', type: 'spki' })
  expect(createHash('sha256').update(der).digest('hex')).toBe(plane.fingerprint)
  expect(plane.issuer).toBe(ISSUER)
  const { items } = await control.client().planes.list()
  expect(items).toMatchObject([{ id: plane.id, name: 'plane-1', expelled: false, auditSeq: 0 }])
})

test('the record of a join names the plane and its key in the part that can never be erased', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control, 'plane (id x, key y)')
  const { items } = await control.client().audit.search({ kind: 'change' })
  const joined = items.find(({ method }) => method === 'planes.join')
  const [state] = (await control.client().planes.list()).items
  expect(readJoinedPlane(joined?.detail ?? '')).toEqual({ name: 'plane (id x, key y)', id: plane.id, thumbprint: state?.publicKey['kid'] })
  expect(readJoinedPlane('plane-1')).toBeUndefined()
})

test('a plane that joins again with the same key keeps its id', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  expect(await (await plane.join()).json()).toMatchObject({ id: plane.id })
  expect((await control.client().planes.list()).items).toHaveLength(1)
})

test.for([
  ['another secret', { secret: 'x'.repeat(43) }, 403],
  ['no secret', { secret: '' }, 400],
  ['a key of another kind', { publicKey: { kty: 'RSA', kid: 'k', alg: 'RS256' } }, 400],
  ['a key that is no point', { sealingKey: { kty: 'OKP', crv: 'X25519', x: 'AA', kid: 'k', alg: 'ECDH-ES' } }, 400],
  ['a signing key of small order', { publicKey: { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43), kid: 'k', alg: 'EdDSA' } }, 400],
  ['a sealing key of small order', { sealingKey: { kty: 'OKP', crv: 'X25519', x: 'A'.repeat(43), kid: 'k', alg: 'ECDH-ES' } }, 400],
] as const)('a join with %s is refused', async ([, more, status]) => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  const answer = await plane.join(more)
  expect(answer.status).toBe(status)
  expect(await answer.json()).toHaveProperty('error')
})

test('a waiting plane is answered when the policy changes, and the hash of every chunk is its name', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  const before = await plane.manifest()
  const waiting = plane.poll(before.revision, 20)
  await control.client().users.put(alice)
  const { typ, payload } = await waiting
  const after = Manifest.parse(payload)
  expect(typ).toBe('bir-manifest+jwt')
  expect(after.revision).toBe(before.revision + 1)

  const { principals, ...single } = after.chunks
  for (const name of new Set([...Object.values(single), ...principals].filter((named) => named !== undefined)))
    expect(await plane.chunk(name)).toMatchObject({ sha256: name })
  const changed = principals.filter((name) => !before.chunks.principals.includes(name))
  expect(changed).toHaveLength(1)
  const { buckets } = IndexChunk.parse(JSON.parse((await plane.chunk(changed[0] ?? '')).bytes.toString()))
  const [bucket] = buckets.filter((name) => name !== null)
  expect(JSON.parse((await plane.chunk(bucket ?? '')).bytes.toString())).toMatchObject({ handles: 'alice' })
})

test('a chunk is compressed if the client accepts it and it is large enough, and may be cached for ever', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  const { chunks } = await plane.manifest()
  const { response } = await plane.chunk(chunks.principals[0] ?? '')
  expect(response.headers.get('cache-control')).toContain('immutable')
  expect((await plane.get(`/chunks/${'0'.repeat(64)}`)).status).toBe(404)
  expect((await plane.get('/chunks/..%2f..%2fetc')).status).toBe(404)
})

test('without a newer revision, a plane gets a signed statement with a time', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  const { revision } = await plane.manifest()
  const beforeMs = Date.now()
  const { typ, payload } = await plane.poll(revision, 0)
  const fresh = Fresh.parse(payload)
  expect(typ).toBe('bir-fresh+jwt')
  expect(fresh.revision).toBe(revision)
  expect(fresh.atMs).toBeGreaterThan(beforeMs - 5_000)
})

test('the status shows which revision each plane has accepted or rejected', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  const { revision } = await plane.manifest()
  const state = async () => (await control.client().snapshot.status()).planes[0]

  expect((await plane.post('/acks', JSON.stringify({ rejected: revision, reasons: ['sql: no such setting'] }))).status).toBe(204)
  expect(await state()).toMatchObject({ revision: null, rejected: { revision, reasons: ['sql: no such setting'] } })
  expect((await plane.post('/acks', JSON.stringify({ revision }))).status).toBe(204)
  expect(await state()).toMatchObject({ revision, rejected: null })
  expect((await plane.post('/acks', JSON.stringify({ revision: 'x' }))).status).toBe(400)
  expect((await plane.post('/acks', '{')).status).toBe(400)
})

test('a plane reports the health of remote servers, and administrators see it through tRPC and GraphQL', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  const url = 'https://notes.example.com/mcp'
  await control.client().servers.put({ id: 'notes', kind: 'remote', url })
  const report = { server: 'notes', url, state: 'down', breaker: 'open', lastError: 'connection refused' }
  const post = (health: object[]) => plane.post('/acks', JSON.stringify({ health }))
  expect((await post([report])).status).toBe(204)
  expect((await control.client().servers.health({ id: 'notes' })).items).toMatchObject([
    { planeName: 'plane-1', state: 'down', breaker: 'open', lastError: 'connection refused', stale: false },
  ])
  const query = '{ serverHealth(id: "notes") { planeName state breaker lastError era stale } }'
  const answer = await control.get('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${await control.assertion()}` },
    body: JSON.stringify({ query }),
  })
  expect(await answer.json()).toEqual({
    data: {
      serverHealth: [{ planeName: 'plane-1', state: 'down', breaker: 'open', lastError: 'connection refused', era: null, stale: false }],
    },
  })
  for (const bad of [[], [{ ...report, state: 'fine' }], Array.from({ length: 21 }, () => report)])
    expect((await post(bad)).status).toBe(400)
})

test('a report names the servers that are reached over HTTP+SSE in its query: they are legacy, and said to be over SSE', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  const url = 'https://notes.example.com/sse'
  await control.client().servers.put({ id: 'notes', kind: 'remote', url, era: 'sse' })
  const post = (query: string, era: string) =>
    plane.post(`/acks${query}`, JSON.stringify({ health: [{ server: 'notes', url, state: 'up', era, breaker: 'closed' }] }))
  const said = async () => (await control.client().servers.health({ id: 'notes' })).items
  expect((await post('?over-sse=other,notes', 'legacy')).status).toBe(204)
  expect(await said()).toMatchObject([{ era: 'legacy', overSse: true }])
  for (const [query, era] of [
    ['', 'legacy'],
    ['?over-sse=other', 'legacy'],
    ['?over-sse=notes', 'modern'],
  ] as const) {
    expect((await post(query, era)).status).toBe(204)
    expect(await said()).toMatchObject([{ era, overSse: false }])
  }
})

test('the control plane knows of records that a plane has and does not send, and says so until they are stored', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  const state = async () => (await control.client().planes.list()).items[0]?.audit
  const health = async () => (await (await control.get('/health')).json()) as object
  const tell = (audit: object) => plane.post('/acks', JSON.stringify({ audit }))
  expect(await state()).toMatchObject({ standing: 'unknown', written: null, waiting: 0 })

  expect((await tell({ written: 2, waitingMs: 0, apart: 0, aFieldOfLater: 1 })).status).toBe(204)
  expect(await state()).toMatchObject({ standing: 'current', written: 2, waiting: 2 })
  expect((await tell({ written: 2, waitingMs: 40_000, apart: 1, why: 'no space' })).status).toBe(204)
  expect(await state()).toMatchObject({ standing: 'waiting', written: 2, waiting: 2, apart: 1, why: 'no space' })
  await expect.poll(health).toEqual({ status: 'degraded', warning: 'Audit records of the plane plane-1 that are not stored here: 2.' })
  expect(control.events).toContainEqual(expect.objectContaining({ level: 'error', event: 'audit-incomplete' }))

  await plane.post('/audit', ndjson(plane.chain.many(2)))
  expect(await state()).toMatchObject({ standing: 'current', waiting: 0 })
  await tell({ written: 2, waitingMs: 0, apart: 0, ended: true })
  expect(await state()).toMatchObject({ standing: 'ended', why: null })
  await expect.poll(health).toEqual({ status: 'ok' })
  expect((await tell({ written: -1, waitingMs: 0, apart: 0 })).status).toBe(400)
  const long = new Date(Date.now() - 3_600_000)
  await control.db.updateTable('planes').set({ audit_told_at: long, seen_at: long, audit_ended: false }).execute()
  expect(await state()).toMatchObject({ standing: 'silent' })
  await control.db.updateTable('planes').set({ seen_at: new Date(), clock_off_ms: 3_600_000 }).execute()
  expect(await state()).toMatchObject({ standing: 'silent' })
})

test('records that a quiet plane sent and that are missing here are found, however often it says that nothing waits', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  const records = plane.chain.many(5)
  await plane.post('/audit', ndjson(records))
  const tell = (written: number) => plane.post('/acks', JSON.stringify({ audit: { written, waitingMs: 0, apart: 0 } }))
  const told = await tell(5)
  expect([told.status, told.headers.get(AUDIT_STORED_HEADER)]).toEqual([204, '5'])
  const state = async () => (await control.client().planes.list()).items[0]?.audit
  const secondsPass = () => sql`update planes set audit_gap_since = audit_gap_since - interval '31 seconds'`.execute(control.db)
  expect(await verify(control)).toMatchObject({ code: 0, 'plane-1': [] })

  const cut = (seq: number) => control.db.deleteFrom('audit_headers').where('plane', '=', plane.id).where('seq', '>', seq).execute()
  await cut(2)
  await control.db
    .updateTable('audit_chains')
    .set({ seq: 2, hash: records[1]?.hash ?? '' })
    .where('plane', '=', plane.id)
    .execute()
  expect((await tell(5)).headers.get(AUDIT_STORED_HEADER)).toBe('2')
  expect(await state()).toMatchObject({ standing: 'current', waiting: 3 })
  await secondsPass()
  await tell(5)
  await tell(6)
  expect(await state()).toMatchObject({ standing: 'waiting', written: 6, waiting: 4 })
  expect(await verify(control)).toMatchObject({ code: 3, 'plane-1': { seq: 3, fault: 'waiting' } })
  const degraded = { status: 'degraded', warning: 'Audit records of the plane plane-1 that are not stored here: 4.' }
  await expect.poll(async () => (await control.get('/health')).json()).toEqual(degraded)

  await plane.post('/audit', ndjson(records.slice(2)))
  expect(await state()).toMatchObject({ standing: 'current', waiting: 1 })
  await tell(7) // records keep coming, so one is on its way at each report
  expect(await state()).toMatchObject({ standing: 'current', waiting: 2 })
  await secondsPass()
  await plane.post('/audit', ndjson(plane.chain.many(2)))
  await tell(7)
  await secondsPass()
  expect(await state()).toMatchObject({ standing: 'current', waiting: 0 })
})

/** The command asks several times, and an operator's assertion is good for one request. */
async function administratorToken(control: TestControlPlane): Promise<string> {
  await control.client().users.put({ handle: 'ada', provider: 'demo', subject: 'ada', administrator: true })
  const grant_type = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
  const answer = await control.token({ grant_type, assertion: await control.assertion({ person: 'ada' }), resource: `${ISSUER}/api` })
  return ((await answer.json()) as { access_token: string }).access_token
}

/** Runs `bir audit verify --json` against this control plane. */
async function verify(control: TestControlPlane) {
  const env = { BIR_URL: control.url, BIR_TOKEN: await administratorToken(control), BIR_MCP_URL: MCP_URL }
  const command = fileURLToPath(import.meta.resolve('@bir/sdk/cli'))
  const { stdout, code } = await new Promise<{ stdout: string; code: unknown }>((resolve) => {
    execFile(process.execPath, [command, 'audit', 'verify', '--json'], { env }, (error, stdout) =>
      resolve({ stdout, code: error?.code ?? 0 }),
    )
  })
  const findings = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { name: string; fault?: object; notVouchedFor: string[] })
  return { code, ...Object.fromEntries(findings.map(({ name, fault, notVouchedFor }) => [name, fault ?? notVouchedFor])) }
}

test('verify finds changed columns, a plane that was taken out, and a chain signed anew with another key', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  const { chain } = plane
  const call = () => chain.add({ subject: 'a', handle: 'alice', server: 'sql', tool: 'execute_query', outcome: 'answered', args: '{}' })
  const records = [chain.add({ kind: 'boot' }), call(), call(), chain.add({ kind: 'head' })]
  await plane.post('/audit', ndjson(records))
  await plane.post('/acks', JSON.stringify({ audit: { written: 4, waitingMs: 0, apart: 0 } }))
  const whole = { code: 0, 'plane-1': [], 'control plane': [] }
  expect(await verify(control)).toEqual(whole)

  const columns = (handle: string) =>
    control.db.updateTable('audit_headers').set({ handle }).where('plane', '=', plane.id).where('seq', '=', 3)
  await columns('bob').execute()
  expect(await verify(control)).toEqual({ ...whole, code: 3, 'plane-1': { seq: 3, fault: 'misfiled' } })
  await columns('alice').execute()
  expect(await verify(control)).toEqual(whole)

  const header = JSON.stringify({ ...records[1]?.header, handle: 'mallory' })
  const forge = (id: string, seq: string) =>
    control.db.insertInto('audit_headers').values({ plane: id, seq, at: new Date(), header, hash: '0'.repeat(64), kind: 'call' } as never)
  await forge('12345678-1234-0000-0000-123456789abc', '7').execute()
  for (const seq of ['0', '-5']) await forge(plane.id, seq).execute()
  const strays = { 'no plane': { seq: 7, fault: 'no-chain' }, 'plane-1': { seq: -5, fault: 'before-first' } }
  expect(await verify(control)).toEqual({ ...whole, ...strays, code: 3 })
  await control.db.deleteFrom('audit_headers').where('hash', '=', '0'.repeat(64)).execute()

  const forger = generateKeyPairSync('ed25519')
  const forged = aChain(plane.id, forger)
  const anew = [forged.add({ kind: 'boot' }), forged.add({ handle: 'bob', tool: 'echo' }), forged.add(), forged.add({ kind: 'head' })]
  const { public_jwk: ownJwk } = await control.db.selectFrom('planes').select('public_jwk').executeTakeFirstOrThrow()
  const forgedJwk = JSON.stringify({ ...(JSON.parse(ownJwk) as object), x: forger.publicKey.export({ format: 'jwk' }).x })
  const replace = async (written: typeof records, public_jwk: string) => {
    await control.db.deleteFrom('audit_headers').where('plane', '=', plane.id).execute()
    await control.db.deleteFrom('audit_bodies').where('plane', '=', plane.id).execute()
    await control.db.updateTable('audit_chains').set({ seq: 0, hash: FIRST_PREV }).where('plane', '=', plane.id).execute()
    await control.db.updateTable('planes').set({ public_jwk }).execute()
    const key = createPublicKey({ key: JSON.parse(public_jwk) as JsonWebKey, format: 'jwk' })
    expect(await ingest(control.db, { plane: plane.id, key }, parseBatch(ndjson(written), plane.id), Date.now())).toEqual({ stored: 4 })
  }
  await replace(anew, forgedJwk)
  expect(await verify(control)).toEqual({ ...whole, code: 3, 'plane-1': { seq: 1, fault: 'exchanged-key' } })
  await replace(records, ownJwk)

  await control.db.deleteFrom('planes').execute()
  const gone = { ...whole, code: 3, 'plane-1': { seq: 1, fault: 'missing-chain' } }
  expect(await verify(control)).toEqual({ ...gone, 'no plane': { seq: 1, fault: 'no-chain' } })
  await control.db.deleteFrom('audit_chains').where('plane', '=', plane.id).execute()
  await control.db.deleteFrom('audit_headers').where('plane', '=', plane.id).execute()
  expect(await verify(control)).toEqual(gone)
})

test('audit records are stored once however often they are sent, and a search finds them', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  const { chain } = plane
  const batch = ndjson([
    chain.add({ kind: 'boot' }),
    chain.add({ handle: 'alice', tool: 'execute_query', outcome: 'answered', args: '{}' }),
  ])
  for (const body of [batch, batch, '']) {
    const answer = await plane.post('/audit', body)
    expect([answer.status, await answer.json()]).toEqual([200, { stored: 2 }])
  }
  const { items } = await control.client().audit.search({ user: 'alice' })
  expect(items).toMatchObject([{ plane: plane.id, seq: 2, tool: 'execute_query', args: '{}' }])
  const { records } = await control.client().audit.chain({ plane: plane.id, afterSeq: 0 })
  expect(ndjson(records)).toBe(batch)
  expect((await control.client().planes.list()).items).toMatchObject([{ auditSeq: 2 }])
})

test('a broken chain is refused with the fault and the last stored number, and is logged', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  const [first, , third] = plane.chain.many(3)
  const answer = await plane.post('/audit', ndjson([first ?? {}, third ?? {}]))
  expect(answer.status).toBe(409)
  expect(await answer.json()).toMatchObject({ error: 'broken_chain', stored: 1, fault: { seq: 3, fault: 'gap' } })
  expect(control.events).toContainEqual(expect.objectContaining({ event: 'audit-chain-broken', level: 'error' }))
})

test('a batch without audit records is refused with a message', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  const answer = await plane.post('/audit', '{"hash":1}\n')
  expect(answer.status).toBe(400)
  expect(await answer.json()).toMatchObject({ error_description: expect.stringContaining('line 1') })
  expect((await plane.post('/audit', 'x'.repeat(MAX_AUDIT_RECORD_BYTES + 1))).status).toBe(413)
})

test('only a joined plane that signed the request gets an answer', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  const other = await aPlane(control, 'plane-2')
  const nowSeconds = Math.floor(Date.now() / 1000)
  const refused: [string, string, string?][] = [
    ['no token at all', ''],
    ['rubbish', 'Bearer a.b.c'],
    ['another plane in whose name it was not signed', `Bearer ${await other.proof(undefined, { iss: plane.id })}`],
    ['somebody unknown', `Bearer ${await plane.proof(undefined, { iss: '01890000-0000-7000-8000-000000000000' })}`],
    ['another audience', `Bearer ${await plane.proof(undefined, { aud: ISSUER })}`],
    ['a life of an hour', `Bearer ${await plane.proof(undefined, { life: 3600 })}`],
    ['an old one', `Bearer ${await plane.proof(undefined, { iat: nowSeconds - 600 })}`],
    ['one from the future', `Bearer ${await plane.proof(undefined, { iat: nowSeconds + 600 })}`],
    ['an operator', `Bearer ${await control.assertion()}`],
    ['a body that was not signed', `Bearer ${await plane.proof()}`, '{"revision":1}'],
    ['another body than was signed', `Bearer ${await plane.proof('{"revision":1}')}`, '{"revision":2}'],
  ]
  for (const [what, authorization, body] of refused) {
    const init = body === undefined ? {} : { method: 'POST', body }
    const answer = await control.get(`/internal/v1/${body === undefined ? 'planes' : 'acks'}`, { ...init, headers: { authorization } })
    expect([what, answer.status]).toEqual([what, 401])
  }
  expect((await plane.get('/planes')).status).toBe(200)
})

test('all planes get the same sealing keys; an expelled plane gets none, and the keys are replaced', async () => {
  await using control = await aRunningControlPlane()
  const [stays, goes] = [await aPlane(control, 'stays'), await aPlane(control, 'goes')]
  const ring = async (plane: typeof stays) => {
    const { box } = (await (await plane.get('/sealing-keys')).json()) as { box: string }
    return JSON.parse(openSealed(plane.sealingKey, box).toString()) as { keys: { kid: string; key: string }[] }
  }
  const before = await ring(stays)
  expect(await ring(goes)).toEqual(before)
  expect(Buffer.from(before.keys[0]?.key ?? '', 'base64url')).toHaveLength(32)

  const { revision } = await stays.manifest()
  const waiting = stays.poll(revision, 20)
  await control.client().planes.expel({ id: goes.id })
  const at = new Map((await control.client().planes.list()).items.map((item) => [item.id, item.expelledAt]))
  expect([at.get(stays.id), at.get(goes.id)]).toEqual([null, expect.stringMatching(/^20\d\d-.*Z$/)])
  expect((await waiting).typ).toBe('bir-manifest+jwt')
  for (const path of ['/snapshot?have=0', '/sealing-keys', '/planes']) expect((await goes.get(path)).status).toBe(403)
  expect((await goes.join()).status).toBe(403)
  expect((await goes.post('/audit', '')).status).toBe(403)

  const after = await ring(stays)
  const kids = before.keys.map(({ kid }) => kid)
  expect(after.keys.filter(({ kid }) => kids.includes(kid))).toEqual([])
  expect(await (await stays.get('/planes')).json()).toMatchObject({ planes: [{ id: stays.id }] })
  await expect(control.client().planes.expel({ id: goes.id })).rejects.toThrow('already')
})

test('a restart keeps the keys, the revision and the join line, and planes that joined before are still accepted', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  await control.client().users.put(alice)
  const [line, before] = [control.joinLine(), await plane.manifest()]
  const keys = await (await control.get('/oauth/jwks')).json()
  await control.restart()
  expect(control.joinLine()).toBe(line)
  expect(await plane.manifest()).toEqual(before)
  expect(await (await control.get('/oauth/jwks')).json()).toEqual(keys)
})

test('a change on one replica wakes the planes of another', async () => {
  await using control = await aRunningControlPlane()
  const another = await control.start()
  const plane = await aPlane(control)
  const { revision } = await plane.manifest()
  const authorization = `Bearer ${await plane.proof()}`
  const waiting = fetch(`${another.url}/internal/v1/snapshot?have=${revision}&wait=20`, { headers: { authorization } })
  await control.client().users.put(bob)
  expect(await (await waiting).json()).toHaveProperty('manifest')
  await another.close()
})

test('replicas that start at once with an empty database and the same home use the same keys', async () => {
  await using control = await aRunningControlPlane()
  await using empty = await testDb({ migrated: false })
  const home = mkdtempSync(join(tmpdir(), 'bir-replicas-'))
  const replicas = await Promise.all(
    Array.from({ length: 3 }, () => control.start({ databaseUrl: empty.url, homeDir: home, joinFile: join(home, 'join') })),
  )
  const jwks = await Promise.all(replicas.map(async ({ url }) => (await fetch(`${url}/oauth/jwks`)).text()))
  expect(new Set(jwks).size).toBe(1)
  expect(readdirSync(home).sort()).toEqual(['join', 'master.key'])
  expect(await empty.db.selectFrom('revisions').select('revision').execute()).toHaveLength(1)
  await Promise.all(replicas.map((replica) => replica.close()))
  rmSync(home, { recursive: true })
})

test('a stop answers waiting planes at once', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  const { revision } = await plane.manifest()
  const another = await control.start()
  const waiting = fetch(`${another.url}/internal/v1/snapshot?have=${revision}&wait=50`, {
    headers: { authorization: `Bearer ${await plane.proof()}` },
  })
  await expect.poll(() => control.db.selectFrom('planes').select('seen_at').executeTakeFirst()).toMatchObject({ seen_at: expect.any(Date) })
  const closed = another.close()
  expect(await (await waiting).json()).toHaveProperty('fresh')
  await closed
  await expect(fetch(`${another.url}/health`)).rejects.toThrow()
})

test("the control plane's chain is signed at its start and at its stop, so that no change is left unsigned between two runs", async () => {
  await using control = await aRunningControlPlane()
  await control.client().users.put(alice)
  await control.restart()
  const own = (await control.client().audit.chains()).items.find(({ name }) => name === 'control plane')
  const { records } = await control.client().audit.chain({ plane: own?.plane ?? '', afterSeq: 0 })
  expect(records.map(({ header }) => header.kind)).toEqual(['boot', 'head', 'change', 'head', 'boot', 'head'])
})

test('changes are records in the chain of the control plane, which begins with its first start', async () => {
  await using control = await aRunningControlPlane()
  await control.client().users.put(alice)
  const { items } = await control.client().audit.search({ kind: 'change' })
  expect(items).toMatchObject([{ actor: 'operator:tester', method: 'users.put', detail: 'alice' }])
  const { records } = await control.client().audit.chain({ plane: items[0]?.plane ?? '', afterSeq: 0 })
  expect(records.map(({ header }) => header.kind)).toEqual(['boot', 'head', 'change'])
})
