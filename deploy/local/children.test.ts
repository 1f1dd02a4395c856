import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ensureSecret, prepareHome } from './base/home.ts'
import { childrenOf } from './children.ts'

let home: string
beforeEach(() => void (home = mkdtempSync(join(tmpdir(), 'bir-children-'))))
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(home, { recursive: true, force: true })
})

const ports = { port: 1, controlPort: 2, portalPort: 3, idpPort: 4, notesPort: 5 }

test('only the control plane and the demo provider are told where the secret between them is', () => {
  vi.stubEnv('IDP_CLIENT_SECRET', 'of another provider')
  vi.stubEnv('BIR_CLIENT_SECRET', 'of a pipeline')
  const places = prepareHome(home)
  const children = Object.values(childrenOf(places, ports))
  const told = children.filter(({ env }) => Object.values(env).includes(places.idpClientSecret)).map(({ name }) => name)
  expect(told).toEqual(['idp', 'control-plane'])
  for (const { env } of children) expect(Object.values(env)).not.toContain('of another provider')
  for (const { env } of children) expect(Object.values(env)).not.toContain('of a pipeline')
})

test('a home without that secret gets one, readable by its owner alone, and keeps it', () => {
  const { idpClientSecret } = prepareHome(home)
  ensureSecret(idpClientSecret)
  const made = readFileSync(idpClientSecret, 'utf8')
  expect(made.length).toBeGreaterThanOrEqual(32)
  expect(statSync(idpClientSecret).mode & 0o777).toBe(0o600)
  ensureSecret(idpClientSecret)
  expect(readFileSync(idpClientSecret, 'utf8')).toBe(made)
})
