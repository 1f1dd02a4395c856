import { afterAll, beforeAll, expect, test } from 'vitest'
import { bootGateway } from '../testing/boot-gateway.ts'
import type { Gateway } from '../testing/boot-gateway.ts'
import { authorizationOf, knownAs } from './authorization.ts'

// Runs the official suite against the authorization server. The browser is scripted, all else is the product.

let gateway: Gateway
beforeAll(async () => void (gateway = await bootGateway()))
afterAll(() => gateway.stop())

test.for(knownAs)('the authorization server conforms, without a warning, for a client that is known as %s', async (known) => {
  const { required, failed, warnings, skipped } = await authorizationOf(gateway, known)
  expect({ failed, warnings, skipped }).toEqual({ failed: [], warnings: [], skipped: [] })
  expect(required).toEqual({ passed: 2, total: 2 })
})
