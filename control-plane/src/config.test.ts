import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readConfig } from './config.ts'

const local = {
  PUBLIC_URL: 'http://127.0.0.1:8081/',
  MCP_URL: 'http://127.0.0.1:8080',
  DATABASE_URL: 'postgres://bir:pw@localhost/bir?host=/run/pg',
  HOME_DIR: '/var/lib/bir/control',
}
const prod = { ...local, STAGE: 'prod', PUBLIC_URL: 'https://bir.example.com', MCP_URL: 'https://mcp.example.com', IDP_PROVIDER: 'corp' }

const operatorKey = JSON.stringify({ kty: 'OKP', crv: 'Ed25519', x: 'abc', d: 'private' })

test('a missing setting gets its default, and an origin loses its final slash', () => {
  expect(readConfig(local)).toMatchObject({ stage: 'local', port: 8081, publicUrl: 'http://127.0.0.1:8081', idpProvider: 'demo' })
})

test('only the public part of an operator key is read', () => {
  expect(readConfig({ ...local, OPERATOR_KEY: operatorKey }).operatorKey).toEqual({ kty: 'OKP', crv: 'Ed25519', x: 'abc' })
})

test('a value is read from the file that the variable with _FILE names', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'bir-config-')), 'url')
  writeFileSync(file, 'postgres://from/file\n')
  const { DATABASE_URL: _, ...rest } = local
  expect(readConfig({ ...rest, DATABASE_URL_FILE: file }).databaseUrl).toBe('postgres://from/file')
})

test('all faults are reported at once', () => {
  const start = () => readConfig({ PORT: '99999', MASTER_KEY: 'c2hvcnQ=', PUBLIC_URL: 'ftp://x', OPERATOR_KEY_FILE: '/nowhere/at/all' })
  for (const name of ['PORT', 'MASTER_KEY', 'PUBLIC_URL', 'MCP_URL is missing', 'DATABASE_URL', 'HOME_DIR', 'OPERATOR_KEY_FILE']) {
    expect(start).toThrow(name)
  }
})

test.for([
  [{ PUBLIC_URL: 'http://bir.example.com' }, 'PUBLIC_URL must be https:// in stage prod'],
  [{ MCP_URL: 'http://mcp.example.com' }, 'MCP_URL must be https://'],
  [{ IDP_ISSUER: 'http://idp.example.com' }, 'IDP_ISSUER must be https://'],
  [{ IDP_ISSUER: 'HTTP://idp.example.com' }, 'IDP_ISSUER must be https://'],
  [{ OPERATOR_KEY: operatorKey }, 'OPERATOR_KEY is for stage local only'],
  [{ OPERATOR_KEY: '{}' }, 'OPERATOR_KEY is for stage local only'],
  [{ IDP_PROVIDER: 'demo' }, 'IDP_PROVIDER'],
] as const)('stage prod refuses to start with %o', ([unsafe, named]) => {
  expect(() => readConfig({ ...prod, ...unsafe })).toThrow(named)
})

test('stage prod accepts a safe configuration', () => {
  expect(readConfig(prod).stage).toBe('prod')
})

test('the settings of Vault are judged where Vault is the store, each fault by name, and nowhere else', () => {
  const vault = { ...local, SECRET_STORE: 'vault' }
  expect(() => readConfig(vault)).toThrow(/VAULT_ADDR is missing.*VAULT_TOKEN is missing: VAULT_AUTH=token needs it/)
  const appRole = { ...vault, VAULT_ADDR: 'https://vault.example.com:8200/', VAULT_AUTH: 'approle' }
  expect(() => readConfig({ ...appRole, VAULT_TOKEN: 'fake' })).toThrow(
    /VAULT_ROLE_ID is missing.*VAULT_TOKEN does not go with VAULT_AUTH=approle/,
  )
  expect(readConfig({ ...appRole, VAULT_ROLE_ID: 'fake' })).toMatchObject({
    vaultAddr: 'https://vault.example.com:8200',
    vaultMount: 'secret',
  })
  expect(readConfig({ ...local, VAULT_ADDR: 'http://127.0.0.1:8200' })).toMatchObject({ secretStore: 'embedded' })
  const token = { SECRET_STORE: 'vault', VAULT_TOKEN: 'fake' }
  expect(() => readConfig({ ...prod, ...token, VAULT_ADDR: 'http://vault.example.com' })).toThrow(
    'VAULT_ADDR must be https:// in stage prod',
  )
})
