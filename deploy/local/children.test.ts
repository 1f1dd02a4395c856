import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ensureSecret, prepareHome } from './base/home.ts'
import { childrenOf } from './children.ts'
import { environmentOf } from './environment.ts'
import type { ChildSpec } from './process/child.ts'
import { partsOf } from './serve.ts'

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

test('only the portal is told where its key is', () => {
  const places = prepareHome(home)
  const told = Object.values(childrenOf(places, ports)).filter(({ env }) => Object.values(env).includes(places.portalKey))
  expect(told.map(({ name, env }) => [name, env['PORTAL_KEY_FILE']])).toEqual([['portal', places.portalKey]])
})

/** Each variable, and the parts that get it: under which name, if it is another one there. */
const secrets: [name: string, parts: Record<string, string>][] = [
  ['SECRET_STORE', { 'control-plane': 'SECRET_STORE' }],
  ['VAULT_ADDR', { 'control-plane': 'VAULT_ADDR' }],
  ['VAULT_TOKEN', { 'control-plane': 'VAULT_TOKEN' }],
  ['VAULT_SECRET_ID_FILE', { 'control-plane': 'VAULT_SECRET_ID_FILE' }],
  ['CONSUL_HTTP_TOKEN', { 'control-plane': 'CONSUL_HTTP_TOKEN' }],
  ['PLANE_VAULT_TOKEN', { 'data-plane': 'VAULT_TOKEN' }],
  ['PLANE_VAULT_ROLE_ID_FILE', { 'data-plane': 'VAULT_ROLE_ID_FILE' }],
  ['HTTPS_PROXY', { 'control-plane': 'HTTPS_PROXY', 'data-plane': 'HTTPS_PROXY' }],
  ['https_proxy', { 'control-plane': 'https_proxy', 'data-plane': 'https_proxy' }],
  ['BIR_TOKEN', {}],
  ['BIR_CLIENT_SECRET', {}],
  ['BIR_TEST_VAULT_TOKEN', {}],
  ['AWS_SECRET_ACCESS_KEY', {}],
  ['npm_config__auth', {}],
]
/** In stage local the launcher makes these, and passes on none that are inherited. */
const made: typeof secrets = [
  ['DATABASE_URL', { 'control-plane': 'DATABASE_URL' }],
  ['MASTER_KEY', { 'control-plane': 'MASTER_KEY' }],
  ['MASTER_KEY_FILE', { 'control-plane': 'MASTER_KEY_FILE' }],
  ['IDP_CLIENT_SECRET', { 'control-plane': 'IDP_CLIENT_SECRET' }],
  ['BIR_JOIN', { 'data-plane': 'BIR_JOIN' }],
  ['PORTAL_KEY', { portal: 'PORTAL_KEY' }],
  ['PORTAL_KEY_FILE', { portal: 'PORTAL_KEY_FILE' }],
]

/** Which of these parts got the canary in each variable, and under which name. */
function receivers(parts: ChildSpec[], name: string): Record<string, string> {
  return Object.fromEntries(
    parts.flatMap((part) => Object.entries(part.env).flatMap(([key, value]) => (value === `canary-${name}` ? [[part.name, key]] : []))),
  )
}

test('in stage local each secret of the environment reaches the parts that need it, and no other', () => {
  for (const [name] of [...secrets, ...made]) vi.stubEnv(name, `canary-${name}`)
  const parts = Object.values(childrenOf(prepareHome(home), ports))
  for (const [name, expected] of secrets) expect([name, receivers(parts, name)]).toEqual([name, expected])
  for (const [name] of made) expect([name, receivers(parts, name)]).toEqual([name, {}])
})

test('so it does in every other stage', () => {
  const environment = Object.fromEntries([...secrets, ...made].map(([name]) => [name, `canary-${name}`]))
  const config = { stage: 'prod' as const, home, port: 1, controlPort: 2, portalPort: 3, idpPort: 4 }
  const parts = partsOf(config, environment)
  for (const [name, expected] of [...secrets, ...made]) expect([name, receivers(parts, name)]).toEqual([name, expected])
})

test('a part has what it needs of the machine and its own settings, and not those of another part', () => {
  const environment = {
    PATH: '/bin',
    TZ: 'UTC',
    LC_ALL: 'C',
    NODE_EXTRA_CA_CERTS: '/ca.pem',
    INTERNAL_PORT: '0',
    DRAIN_MS: '1',
    TOKEN_ALG: 'ES256',
  }
  const { INTERNAL_PORT: _port, ...ofControl } = environment
  const { TOKEN_ALG: _alg, ...ofPlane } = environment
  expect(environmentOf('control', environment)).toEqual(ofControl)
  expect(environmentOf('plane', environment)).toEqual(ofPlane)
  expect(Object.keys(environmentOf('idp', environment))).toEqual(['PATH', 'TZ', 'LC_ALL', 'NODE_EXTRA_CA_CERTS'])
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
