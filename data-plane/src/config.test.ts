import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { joinLineReader, readConfig } from './config.ts'

const needed = { PUBLIC_URL: 'http://127.0.0.1:8080/', HOME_DIR: '/var/lib/bir/plane' }

test('a value is read from the file that its _FILE twin names', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'bir-config-')), 'name')
  writeFileSync(file, 'north\n')
  expect(readConfig({ ...needed, PLANE_NAME_FILE: file }).planeName).toBe('north')
})

test('a file that cannot be read is named with its setting', () => {
  expect(() => readConfig({ ...needed, BIR_JOIN_FILE: '/nowhere/join' })).toThrow(
    'BIR_JOIN_FILE names /nowhere/join, which cannot be read.',
  )
})

test('every fault is named at once', () => {
  const start = () => readConfig({ PORT: '99999', BIR_JOIN: 'x' })
  for (const name of ['PORT', 'BIR_JOIN', 'PUBLIC_URL is missing', 'HOME_DIR is missing']) expect(start).toThrow(name)
})

const safe = { ...needed, STAGE: 'prod', PUBLIC_URL: 'https://mcp.example.com' }
const line = `//bir.example.com#secret.${'0'.repeat(64)}`

test.for([
  ['PUBLIC_URL', 'http://mcp.example.com', 'https://mcp.example.com'],
  ['PORTAL_URL', 'http://portal.example.com', 'https://portal.example.com'],
  ['BIR_JOIN', `http:${line}`, `https:${line}`],
  ['ALLOWED_ORIGINS', 'https://a.example.com, http://y.example', 'https://a.example.com,https://y.example'],
] as const)('outside stage local %s must be https', ([name, unencrypted, encrypted]) => {
  expect(() => readConfig({ ...safe, [name]: unencrypted })).toThrow(`${name} must be https:// in stage prod`)
  expect(readConfig({ ...safe, [name]: encrypted }).stage).toBe('prod')
})

test('an origin that is none is a fault at the start', () => {
  for (const origins of ['app.example.com', '*', 'https://a.example.com, https://'])
    expect(() => readConfig({ ...needed, ALLOWED_ORIGINS: origins })).toThrow('ALLOWED_ORIGINS must be origins such as')
})

test('settings of Vault are whole or absent', () => {
  expect(readConfig({ ...needed, VAULT_ADDR: 'http://127.0.0.1:8200', VAULT_TOKEN: 'a' }).vaultAddr).toBe('http://127.0.0.1:8200')
  expect(readConfig(needed).vaultAddr).toBeUndefined()
  expect(() => readConfig({ ...needed, VAULT_TOKEN: 'a' })).toThrow('VAULT_ADDR is missing')
  expect(() => readConfig({ ...needed, VAULT_ADDR: 'http://127.0.0.1:8200', VAULT_AUTH: 'approle' })).toThrow('VAULT_ROLE_ID is missing')
  expect(() => readConfig({ ...safe, VAULT_ADDR: 'http://vault.example.com', VAULT_TOKEN: 'a' })).toThrow('VAULT_ADDR must be https://')
})

test('an empty name of a file counts as not set', () => {
  expect(readConfig({ ...needed, BIR_JOIN_FILE: '', SECRETS_DIR_FILE: '' }).birJoin).toBeUndefined()
  expect(joinLineReader({ BIR_JOIN_FILE: '' })).toBeUndefined()
})

test('trusted proxies are networks, addresses and words; whatever else is a fault at the start', () => {
  const { trustedProxies } = readConfig({ ...needed, TRUSTED_PROXIES: 'loopback, 10.1.0.0/16,192.0.2.7' })
  expect(['127.0.0.1', '10.1.2.3', '192.0.2.7', '10.2.0.1'].map(trustedProxies)).toEqual([true, true, true, false])
  expect(readConfig(needed).trustedProxies('127.0.0.1')).toBe(false)
  expect(() => readConfig({ ...needed, TRUSTED_PROXIES: 'loopback, proxy.example.com' })).toThrow(
    /TRUSTED_PROXIES must be networks .*; proxy\.example\.com is none/,
  )
})

test('one header of the proxies counts, and whatever else is a fault at the start', () => {
  expect(readConfig(needed).forwardedHeader).toBe('x-forwarded-for')
  expect(readConfig({ ...needed, FORWARDED_HEADER: 'Forwarded' }).forwardedHeader).toBe('forwarded')
  expect(() => readConfig({ ...needed, FORWARDED_HEADER: 'x-real-ip' })).toThrow(/FORWARDED_HEADER must be .*forwarded/)
})
