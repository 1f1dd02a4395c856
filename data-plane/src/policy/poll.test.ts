import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { CompactSign, exportJWK, generateKeyPair } from 'jose'
import { expect, test } from 'vitest'
import { ControlClient } from '../control/client.ts'
import { newKeys } from '../control/identity.ts'
import { PolicyCache } from './cache.ts'
import { PolicyFeed } from './feed.ts'
import { poll } from './poll.ts'
import type { Patience } from './poll.ts'

/** A plane, and the control plane that it polls. That can freeze: it then takes requests, and says nothing. */
async function aPollingPlane() {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true })
  const manifestKey = { ...(await exportJWK(publicKey)), kty: 'OKP', kid: 'm', alg: 'EdDSA' }
  const statement = JSON.stringify({ revision: 1, atMs: Date.now() })
  const fresh = await new CompactSign(Buffer.from(statement)).setProtectedHeader({ alg: 'EdDSA', typ: 'bir-fresh+jwt' }).sign(privateKey)
  const state = { isFrozen: false, asked: [] as string[], dropped: 0 }
  const server = createServer((request, response) => {
    state.asked.push(new URL(request.url ?? '', 'http://x').searchParams.get('wait') ?? '')
    response.once('close', () => void (response.writableEnded || state.dropped++))
    // It waits for a newer policy, if only for a moment.
    if (!state.isFrozen) setTimeout(() => response.end(JSON.stringify({ fresh })), 20)
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const controlUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const dir = mkdtempSync(join(tmpdir(), 'bir-poll-'))
  const control = new ControlClient({ id: uuidv7(), controlUrl, issuer: 'http://control.test', manifestKey, ...newKeys() })
  const feed = new PolicyFeed({
    manifestKey,
    mounted: new Map(),
    cache: new PolicyCache(dir),
    log: () => undefined,
    refusal: () => undefined,
    fetchChunk: () => Promise.reject(new Error('there are no chunks')),
    acknowledge: () => Promise.resolve(),
    planesChanged: () => undefined,
  })
  const stop = new AbortController()
  let polling: Promise<void> | undefined
  return {
    feed,
    state,
    start(patience: Patience) {
      polling = poll(feed, control, () => undefined, stop.signal, patience)
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      await polling
      await control.close()
      server.closeAllConnections()
      server.close()
      rmSync(dir, { recursive: true })
    },
  }
}

test('a control plane that takes requests and answers none is away, until it answers', async () => {
  await using plane = await aPollingPlane()
  plane.start({ maxWaitS: 0.1, graceMs: 400, minMs: 400 })
  await expect.poll(() => plane.state.asked.slice(0, 2)).toEqual(['0', '0.1'])
  await expect.poll(() => plane.feed.isAway()).toBe(false)
  plane.state.isFrozen = true
  await expect.poll(() => plane.feed.isAway()).toBe(true)
  await expect.poll(() => plane.state.dropped, { message: 'polls that were given up' }).toBeGreaterThan(1)
  // Once it is back, it is to say so at once, and not when there is a newer policy.
  expect(plane.state.asked.at(-1)).toBe('0')
  plane.state.isFrozen = false
  await expect.poll(() => plane.feed.isAway()).toBe(false)
})

test('it is away as soon as an answer is overdue, also while the poll is not given up yet', async () => {
  await using plane = await aPollingPlane()
  plane.state.isFrozen = true
  plane.start({ maxWaitS: 25, graceMs: 100, minMs: 60_000 })
  await expect.poll(() => plane.feed.isAway()).toBe(true)
  expect(plane.state).toMatchObject({ asked: ['0'], dropped: 0 })
})
