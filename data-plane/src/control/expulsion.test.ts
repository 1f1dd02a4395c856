import { generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { expect, onTestFinished, test } from 'vitest'
import { serverOf } from '../upstream/testing.ts'
import { ControlClient } from './client.ts'
import { Expulsion } from './expulsion.ts'
import { fingerprintOf, newKeys } from './identity.ts'
import { identityOf } from './join.ts'

const log = () => undefined
const { publicKey } = generateKeyPairSync('ed25519')
const manifestKey = { ...publicKey.export({ format: 'jwk' }), kty: 'OKP', kid: 'm', alg: 'EdDSA' }

/** A control plane that answers what a test says, and a plane of it with a home. */
async function aPlane() {
  const homeDir = mkdtempSync(join(tmpdir(), 'bir-expelled-'))
  const plane = uuidv7()
  let answer: [status: number, body: object] = [200, {}]
  const held = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  const server = await serverOf(async (request, response) => {
    const now = answer
    if (request.url?.endsWith('/late')) {
      arrived.resolve()
      await held.promise
    }
    response.writeHead(now[0], { 'content-type': 'application/json' }).end(JSON.stringify(now[1]))
  })
  const made = () => new Expulsion({ homeDir, plane, log })
  const expulsion = made()
  const control = new ControlClient(
    { id: plane, controlUrl: server.url, issuer: 'http://control.test', manifestKey, ...newKeys() },
    expulsion,
  )
  onTestFinished(async () => {
    await control.close()
    await server[Symbol.asyncDispose]()
    rmSync(homeDir, { recursive: true })
  })
  return {
    homeDir,
    url: server.url,
    expulsion,
    made,
    arrived: arrived.promise,
    release: held.resolve,
    says: (...given: typeof answer) => (answer = given),
    ask: (path = '/snapshot') => control.get(path).catch(() => undefined),
  }
}

test.for<[story: string, ask: 'get' | 'post']>([
  ['asks for the policy', 'get'],
  ['sends its audit', 'post'],
])('a plane that is told of its expulsion when it %s serves nobody, also after a restart', async ([, verb]) => {
  const plane = await aPlane()
  await plane.ask()
  expect([plane.expulsion.refusal(), plane.expulsion.notice]).toEqual([undefined, undefined])
  let changes = 0
  plane.expulsion.onChange = () => changes++
  plane.says(403, { error: 'expelled', error_description: 'This plane has been expelled.' })
  await plane.ask(verb === 'get' ? '/snapshot' : '/audit')
  await plane.ask()
  expect(changes).toBe(1)
  for (const expulsion of [plane.expulsion, plane.made()]) {
    expect(expulsion.refusal()).toMatchObject({ code: 'unavailable', reason: 'plane-expelled' })
    expect(expulsion.notice).toMatch(/expelled this plane.*20\d\d-.*BIR_JOIN/)
  }
})

test('a plane that was taken off the list while it was gone is told just that, also after a restart', async () => {
  const plane = await aPlane()
  plane.says(403, { error: 'expelled', forgotten: true })
  await plane.ask()
  for (const expulsion of [plane.expulsion, plane.made()]) {
    expect(expulsion.notice).toMatch(/^An administrator took this plane off the list while it was gone; .*20\d\d-.*BIR_JOIN/)
    expect(expulsion.refusal()).toMatchObject({ reason: 'plane-expelled', publicMessage: expect.stringContaining('taken off the list') })
  }
  plane.says(403, { error: 'expelled' })
  await plane.ask()
  for (const expulsion of [plane.expulsion, plane.made()]) expect(expulsion.notice).toMatch(/^An administrator expelled this plane; /)
})

test.for<[story: string, status: number, body: object]>([
  ['refuses something else', 403, { error: 'forbidden' }],
  ['knows no such plane', 401, { error: 'unauthenticated' }],
  ['names the code with another status', 500, { error: 'expelled' }],
])('a control plane that %s has not expelled the plane', async ([, status, body]) => {
  const plane = await aPlane()
  plane.says(status, body)
  await plane.ask()
  expect([plane.expulsion.refusal(), plane.made().refusal()]).toEqual([undefined, undefined])
})

test('only an answer to a later request takes an expulsion back', async () => {
  const plane = await aPlane()
  const late = plane.ask('/late') // admitted before the expulsion
  await plane.arrived
  plane.says(403, { error: 'expelled' })
  await plane.ask()
  plane.release()
  expect(await late).toMatchObject({ status: 200 })
  expect(plane.expulsion.refusal()).toBeDefined()
  plane.says(503, {})
  await plane.ask()
  expect(plane.expulsion.refusal()).toBeDefined()
  plane.says(200, {})
  await plane.ask()
  expect([plane.expulsion.refusal(), plane.made().refusal()]).toEqual([undefined, undefined])
})

test('a marker that is damaged counts, and one of an earlier identity does not', async () => {
  const { homeDir, made } = await aPlane()
  for (const [text, isExpelled] of [
    ['', true],
    ['null', true],
    ['{"plane":"another","atMs":1}', false],
  ] as const) {
    writeFileSync(join(homeDir, 'expelled'), text)
    expect(made().refusal() !== undefined).toBe(isExpelled)
    expect(made().notice !== undefined).toBe(isExpelled)
  }
})

test('a plane that joins anew begins without the marker', async () => {
  const plane = await aPlane()
  plane.says(403, { error: 'expelled' })
  await plane.ask()
  expect(existsSync(join(plane.homeDir, 'expelled'))).toBe(true)
  plane.says(200, { id: uuidv7(), manifestKey, issuer: plane.url })
  const birJoin = `${plane.url}#secret.${fingerprintOf(manifestKey)}`
  const { id } = await identityOf({ homeDir: plane.homeDir, birJoin, planeName: 'north' }, log)
  expect(existsSync(join(plane.homeDir, 'expelled'))).toBe(false)
  expect(new Expulsion({ homeDir: plane.homeDir, plane: id, log }).refusal()).toBeUndefined()
})
