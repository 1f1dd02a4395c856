import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { JOIN_LINE_REFUSED, JoinRequest } from '@bir/sdk/contract/internal'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { expect, test } from 'vitest'
import { joinLineReader } from '../config.ts'
import { serverOf } from '../upstream/testing.ts'
import { fingerprintOf } from './identity.ts'
import { identityOf } from './join.ts'

const log = () => undefined

/** A control plane that admits planes with these secrets; each is good once. */
async function aControlPlane(...secrets: string[]) {
  const { publicKey } = generateKeyPairSync('ed25519')
  const manifestKey = { ...publicKey.export({ format: 'jwk' }), kty: 'OKP', kid: 'm', alg: 'EdDSA' }
  const home = mkdtempSync(join(tmpdir(), 'bir-join-'))
  const open = new Set(secrets)
  const asked: string[] = []
  const places: (string | undefined)[] = []
  const server = await serverOf(async (request, response) => {
    const { secret, name, internalUrl } = JoinRequest.parse(JSON.parse(await text(request)))
    asked.push(secret)
    places.push(internalUrl)
    const answer = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    if (name === 'nobody') return answer(403, { error: 'forbidden', error_description: 'This line is for another plane.' })
    if (!open.delete(secret)) return answer(403, { error: JOIN_LINE_REFUSED, error_description: 'This join line has been used.' })
    answer(200, { id: uuidv7(), manifestKey, issuer: server.url })
  })
  const lineOf = (secret: string) => `${server.url}#${secret}.${fingerprintOf(manifestKey)}`
  const file = join(home, 'join')
  return {
    home,
    file,
    asked,
    places,
    lineOf,
    write: (secret: string) => writeFileSync(file, `${lineOf(secret)}\n`),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      rmSync(home, { recursive: true })
    },
  }
}

test('a plane whose line was used by another first reads the file again and joins with the next line', async () => {
  await using control = await aControlPlane('second')
  control.write('first')
  let reads = 0
  const reread = joinLineReader({ BIR_JOIN_FILE: control.file })
  const rereadJoin = () => {
    // The control plane puts the next line there a moment later.
    if (++reads === 2) control.write('second')
    return reread?.()
  }
  const options = { homeDir: control.home, birJoin: control.lineOf('first'), rereadJoin, planeName: 'north' }
  const identity = await identityOf(options, log)
  expect(control.asked).toEqual(['first', 'second'])
  expect(JSON.parse(readFileSync(join(control.home, 'identity.json'), 'utf8'))).toMatchObject({ id: identity.id })
})

test('a line that comes from no file is refused for good', async () => {
  await using control = await aControlPlane()
  const options = {
    homeDir: control.home,
    birJoin: control.lineOf('first'),
    rereadJoin: joinLineReader({ BIR_JOIN: 'x' }),
    planeName: 'north',
  }
  await expect(identityOf(options, log)).rejects.toThrow('This join line has been used.')
})

test('another refusal than that of the line is final at once', async () => {
  await using control = await aControlPlane('first')
  control.write('second')
  const rereadJoin = joinLineReader({ BIR_JOIN_FILE: control.file })
  const options = { homeDir: control.home, birJoin: control.lineOf('first'), rereadJoin, planeName: 'nobody' }
  await expect(identityOf(options, log)).rejects.toThrow('another plane')
  expect(control.asked).toEqual(['first'])
})

test('a plane that has an identity needs no line', async () => {
  await using control = await aControlPlane('first')
  const options = { homeDir: control.home, birJoin: control.lineOf('first'), planeName: 'north' }
  const identity = await identityOf(options, log)
  expect(await identityOf({ ...options, birJoin: control.lineOf('used-up') }, log)).toEqual(identity)
  expect(await identityOf({ ...options, birJoin: undefined }, log)).toEqual(identity)
})

test('a file that is half written, or no line, is not taken for one', () => {
  const home = mkdtempSync(join(tmpdir(), 'bir-join-'))
  const file = join(home, 'join')
  const read = joinLineReader({ BIR_JOIN_FILE: file })
  expect(read?.()).toBeUndefined()
  writeFileSync(file, 'http://control.test#sec')
  expect(read?.()).toBeUndefined()
  rmSync(home, { recursive: true })
})

test('a plane says at the join where it is, if its settings do', async () => {
  await using control = await aControlPlane('first', 'second')
  const options = { homeDir: join(control.home, 'one'), birJoin: control.lineOf('first'), planeName: 'north' }
  await identityOf({ ...options, internalUrl: 'http://10.0.0.12:8090' }, log)
  await identityOf({ ...options, homeDir: join(control.home, 'two'), birJoin: control.lineOf('second') }, log)
  expect(control.places).toEqual(['http://10.0.0.12:8090', undefined])
})
