import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PlanesChunk, RemoteEntry } from '@bir/sdk/contract/snapshot'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { generateKeyPair } from 'jose'
import { newKeys } from '../control/identity.ts'
import type { MountedServer } from '../server-kit/define.ts'
import { testPlane } from './plane.ts'
import type { Place, TestPlane, TestPlaneOptions } from './plane.ts'
import type { PolicyParts } from './policy.ts'

export interface Neighbours extends AsyncDisposable {
  /** Starts a plane, or starts it again with what it kept. */
  start(name: string): Promise<TestPlane>
  stop(name: string): Promise<void>
  /** Replaces the policy of all. */
  use(parts: PolicyParts): void
}

/**
 * Planes behind one address. They know each other from the policy and reach each other at their internal URLs,
 * with the product's own code.
 */
export async function neighbours(
  parts: PolicyParts,
  extra: MountedServer[] = [],
  remotes: Record<string, RemoteEntry> = {},
  options: TestPlaneOptions = {},
): Promise<Neighbours> {
  const tokens = await generateKeyPair('EdDSA', { extractable: true })
  const places = new Map<string, Place>()
  const planes = new Map<string, TestPlane>()
  const roster: PlanesChunk['planes'] = []
  const use = (given: PolicyParts) => planes.forEach((plane) => plane.use({ ...given, planes: [...roster] }))

  const placeOf = (name: string): Place => {
    const existing = places.get(name)
    if (existing) return existing
    const keys = newKeys()
    const { kty, crv, x } = keys.signingKey
    const { d: _, ...sealingKey } = keys.sealingKey
    const publicKey = { kty, crv, x, kid: name, alg: 'EdDSA', sealingKey }
    const control = 'http://control.test'
    const identity = { id: uuidv7(), controlUrl: control, issuer: control, manifestKey: publicKey, ...keys }
    roster.push({ id: identity.id, name, publicKey })
    const place = { identity, homeDir: mkdtempSync(join(tmpdir(), 'bir-neighbour-')), tokens, roster: () => [...roster] }
    places.set(name, place)
    return place
  }

  return {
    use,
    async start(name) {
      const place = placeOf(name)
      const plane = await testPlane(parts, extra, remotes, place, options)
      planes.set(name, plane)
      const at = roster.findIndex(({ id }) => id === place.identity.id)
      roster[at] = { ...roster[at]!, internalUrl: plane.internalUrl }
      use({})
      return plane
    },
    async stop(name) {
      const plane = planes.get(name)
      planes.delete(name)
      await plane?.[Symbol.asyncDispose]()
    },
    async [Symbol.asyncDispose]() {
      for (const plane of planes.values()) await plane[Symbol.asyncDispose]()
      for (const { homeDir } of places.values()) rmSync(homeDir, { recursive: true })
    },
  }
}
