import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newPortalKey } from '@bir/sdk/portal-key'
import { afterAll, expect, test } from 'vitest'
import { readConfig } from './config.ts'

const key = await newPortalKey()
const folder = mkdtempSync(join(tmpdir(), 'bir-portal-config-'))
afterAll(() => rmSync(folder, { recursive: true }))
const env = { CONTROL_URL: 'http://127.0.0.1:8081/', MCP_URL: 'http://127.0.0.1:8080', PORTAL_KEY: JSON.stringify(key) }
const safe = { ...env, CONTROL_URL: 'https://gateway.example', MCP_URL: 'https://mcp.example', STAGE: 'prod' }

test('the portal needs little to start on this machine; its key comes from a file', () => {
  const file = join(folder, 'key.json')
  writeFileSync(file, JSON.stringify(key))
  const { PORTAL_KEY: _, ...rest } = env
  expect(readConfig({ ...rest, PORTAL_KEY_FILE: file })).toEqual({
    stage: 'local',
    host: '127.0.0.1',
    port: 3000,
    portalUrl: 'http://127.0.0.1:3000',
    controlUrl: 'http://127.0.0.1:8081',
    mcpUrl: 'http://127.0.0.1:8080',
    portalKey: key,
    portalClientId: 'portal',
  })
})

test('the address of the portal is PORTAL_URL, or the ORIGIN of the adapter, without a path', () => {
  const both = { ...safe, ORIGIN: 'https://other.example', PORTAL_URL: 'https://portal.example/' }
  expect(readConfig(both).portalUrl).toBe('https://portal.example')
  expect(readConfig({ ...safe, ORIGIN: 'https://other.example' }).portalUrl).toBe('https://other.example')
})

test.for([
  [{ ...env, PORTAL_KEY: '' }, /PORTAL_KEY is missing/],
  [{ ...env, PORTAL_KEY: '{"kty":"oct","k":"the-secret"}' }, /PORTAL_KEY is no key of a portal/],
  [{ ...env, PORTAL_KEY: 'the-secret' }, /PORTAL_KEY is no key of a portal/],
  [{ ...env, PORTAL_KEY: undefined, PORTAL_KEY_FILE: '/nowhere/the-key' }, /PORTAL_KEY_FILE names .* cannot be read/],
  [{ ...env, PORT: 'x', CONTROL_URL: '' }, /PORT .*CONTROL_URL is missing|CONTROL_URL is missing.*PORT/],
  [{ ...env, HOST: '0.0.0.0' }, /PORTAL_URL is missing/],
  [{ ...env, PORT: '0' }, /PORTAL_URL is missing/],
  [{ ...safe, PORTAL_URL: 'http://portal.example' }, /not https: portalUrl/],
  [{ ...safe, CONTROL_URL: 'http://gateway.example', PORTAL_URL: 'https://portal.example' }, /not https: controlUrl/],
] as const)('settings that do not fit stop the portal with their names, and show no key (%#)', ([settings, says]) => {
  expect(() => readConfig(settings)).toThrow(says)
  expect(() => readConfig(settings)).not.toThrow('the-secret')
})
