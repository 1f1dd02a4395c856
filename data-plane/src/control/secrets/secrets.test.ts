import { generateKeyPairSync, randomBytes } from 'node:crypto'
import type { JsonWebKey } from 'node:crypto'
import type { SecretPlace } from '@bir/sdk/contract/secret-holder'
import { SecretVerdictReport } from '@bir/sdk/contract/secret-messages'
import type { SecretVerdict } from '@bir/sdk/contract/secret-verdict'
import { SecretVerdict as Verdict } from '@bir/sdk/contract/secret-verdict'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { sealTo } from '@bir/sdk/seal-box'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { defineServer } from '../../server-kit/define.ts'
import { within } from '../../testing/waiting.ts'
import { ControlError } from '../client.ts'
import { followCheckOrders } from './check-orders.ts'
import { readThroughControlPlane } from './reader.ts'
import { secretRechecker } from './recheck.ts'
import { missingReporter } from './report-missing.ts'

const keys = generateKeyPairSync('x25519')
const sealingKey: JsonWebKey = keys.privateKey.export({ format: 'jwk' })
const publicKey: JsonWebKey = keys.publicKey.export({ format: 'jwk' })
const boxOf = (value: object) => sealTo(publicKey, Buffer.from(JSON.stringify(value)))
const answer = (value: object) => ({ status: 200, headers: {}, bytes: Buffer.from(JSON.stringify(value)) })
const place: SecretPlace = { holder: { kind: 'person', id: uuidv7() }, server: 'desk' }
const token = randomBytes(12).toString('hex')
const silent = () => undefined

/** A server whose service says `verdict` of every secret. */
function mounted(verdict: SecretVerdict, tried: string[] = []) {
  const desk = defineServer({
    id: 'desk',
    title: 'Desk',
    settings: z.object({}),
    secret: {
      fields: { token: { title: 'Token' } },
      audience: () => 'https://desk.example.com',
      prove: async (_settings, fields) => {
        tried.push(fields.token)
        return verdict
      },
    },
  })
  return { mounted: new Map([['desk', desk.with()]]), readSecret: async () => '' }
}

test('a secret is read from a box that is for it alone', async () => {
  const sealed = { ...place, version: 3, fields: { token } }
  const reading = (box: object) => readThroughControlPlane({ sealingKey, control: { post: async () => answer(box) } }).read(place, 3)
  expect(await reading({ box: boxOf(sealed) })).toEqual({ token })
  await expect(reading({ box: boxOf({ ...sealed, version: 2 }) })).rejects.toThrow('another secret than was asked for')
  await expect(reading({ box: boxOf({ ...sealed, server: 'jira' }) })).rejects.toThrow('another secret than was asked for')
  const fault = await reading({ box: boxOf({ token }) }).catch((error: unknown) => String(error))
  expect(fault).toBe('StoreUnavailable: the control plane sent a box that this plane cannot open')
})

test.for([
  [404, 'no_secret', undefined],
  [404, 'not_found', 'update it'],
  [503, 'store_unavailable', 'says no'],
] as const)('an answer %i %s of the control plane means %s', async ([status, code, words]) => {
  const post = async () => {
    throw new ControlError('says no', status, { code })
  }
  const reading = readThroughControlPlane({ sealingKey, control: { post } }).read(place, 1)
  if (words === undefined) expect(await reading).toBeUndefined()
  else await expect(reading).rejects.toThrow(words)
})

test('a secret that calls were refused with is tried once, and the control plane is told without the value', async () => {
  const posts: [string, string][] = []
  const tried: string[] = []
  const parts = mounted({ verdict: 'invalid', says: `Desk knows no ${token}.` }, tried)
  const control = { post: async (path: string, body: string | Buffer) => (posts.push([path, String(body)]), answer({})) }
  const recheck = secretRechecker({ ...parts, control, log: silent })
  const refused = { place, version: 1, fields: { token }, settings: {} }
  await Promise.all([recheck(refused), recheck(refused), recheck(refused)])
  expect(tried).toEqual([token])
  expect(posts).toHaveLength(1)
  const [[path, body] = ['', '']] = posts
  expect(path).toBe('/secrets/verdict')
  expect(SecretVerdictReport.parse(JSON.parse(body))).toMatchObject({
    server: 'desk',
    version: 1,
    verdict: { verdict: 'invalid', says: 'Desk knows no •••.' },
  })
})

test('a secret that nobody could judge is not reported', async () => {
  const posts: string[] = []
  const control = { post: async (path: string) => (posts.push(path), answer({})) }
  const recheck = secretRechecker({ ...mounted({ verdict: 'unreachable', says: 'No way.' }), control, log: silent })
  await recheck({ place, version: 1, fields: { token }, settings: {} })
  expect(posts).toEqual([])
})

test('orders are carried out, one that is for another plane is left, and a control plane without orders is asked again later', async () => {
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  const id = uuidv7()
  const order = { id, server: 'desk', settings: {}, fields: { token } }
  const other = generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' })
  const foreign = { id: uuidv7(), box: sealTo(other, Buffer.from('{}')) }
  const told = Promise.withResolvers<[string, string]>()
  let asked = 0
  const control = {
    async get() {
      asked++
      if (asked === 1) throw new ControlError('no such path', 404, { code: 'not_found' })
      return answer({ checks: asked === 2 ? [foreign, { id, box: boxOf(order) }] : [] })
    },
    async post(path: string, body: string | Buffer) {
      told.resolve([path, String(body)])
      return answer({})
    },
  }
  const pauses = { idleMs: 20, afterFaultMs: 20, unknownMs: 20 }
  const following = followCheckOrders(
    { ...mounted({ verdict: 'ok', says: 'Good.' }), control, sealingKey, log: silent, pauses },
    stop.signal,
  )
  const [path, body] = await within(told.promise, 'the verdict')
  expect(path).toBe(`/secrets/checks/${id}`)
  expect(Verdict.parse(JSON.parse(body))).toEqual({ verdict: 'ok', says: 'Good.' })
  stop.abort()
  await within(following, 'the end of following')
})

test('a secret without a value is told to the control plane once, however many calls miss it', async () => {
  const posts: [string, string][] = []
  const control = { post: async (path: string, body: string | Buffer) => (posts.push([path, String(body)]), answer({ gone: true })) }
  const isGone = missingReporter({ control, log: silent })
  expect(await Promise.all([isGone(place, 3), isGone(place, 3)])).toEqual([true, true])
  expect(await isGone(place, 3)).toBe(true)
  expect(posts.map(([path, body]) => [path, JSON.parse(body)])).toEqual([['/secrets/missing', { ...place, version: 3 }]])
  await isGone(place, 4)
  expect(posts).toHaveLength(2)
})

test.for([
  [404, 'not_found', []],
  [503, 'store_unavailable', ['warn']],
] as const)('a control plane that says %i %s knows of no loss', async ([status, code, levels]) => {
  const logged: string[] = []
  const post = async () => {
    throw new ControlError('says no', status, { code })
  }
  const isGone = missingReporter({ control: { post }, log: (level) => void logged.push(level) })
  expect(await isGone(place, 3)).toBe(false)
  expect(logged).toEqual(levels)
})
