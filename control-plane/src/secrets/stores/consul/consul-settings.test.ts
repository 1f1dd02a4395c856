import { expect, test } from 'vitest'
import { readConfig } from '../../../config.ts'
import { consulSettingsOf } from './consul-settings.ts'

const local = {
  PUBLIC_URL: 'http://127.0.0.1:8081',
  MCP_URL: 'http://127.0.0.1:8080',
  DATABASE_URL: 'postgres://db/bir',
  HOME_DIR: '/home',
}
const prod = { ...local, STAGE: 'prod', PUBLIC_URL: 'https://a.example', MCP_URL: 'https://b.example', IDP_PROVIDER: 'corp' }
const consul = (env: Record<string, string>) => consulSettingsOf(readConfig({ ...local, ...env }))

test('an address without a scheme is http, as for Consul’s own programs; the prefix is a folder', () => {
  expect(consul({})).toBeUndefined()
  expect(consul({ CONSUL_HTTP_ADDR: '127.0.0.1:8500' })).toEqual({
    address: 'http://127.0.0.1:8500',
    prefix: 'bir/',
    token: undefined,
    ca: undefined,
  })
  const full = { CONSUL_HTTP_ADDR: 'https://consul.example:8501/', CONSUL_HTTP_TOKEN: 'fake', CONSUL_PREFIX: '/team/bir/' }
  expect(consul(full)).toMatchObject({ address: 'https://consul.example:8501', prefix: 'team/bir/', token: 'fake' })
  expect(consul({ ...full, CONSUL_PREFIX: '/' })).toMatchObject({ prefix: '' })
})

test.for([
  [{ SECRET_STORE: 'consul' }, /CONSUL_HTTP_ADDR is missing/],
  [{ CONSUL_HTTP_ADDR: 'ftp://consul' }, /CONSUL_HTTP_ADDR must be an address/],
  [{ CONSUL_HTTP_ADDR: 'http://fake-token@consul:8500' }, /CONSUL_HTTP_ADDR must not hold a token/],
  [{ CONSUL_HTTP_ADDR: 'http://consul', CONSUL_PREFIX: 'a b' }, /CONSUL_PREFIX must be at most 200 of/],
] as const)('%o stops the start, and names the setting and no token', ([env, said]) => {
  expect(() => consul(env)).toThrow(said)
  expect(() => consul(env)).not.toThrow(/fake-token/)
})

test('outside stage local Consul must be https, or an agent on this machine', () => {
  const start = (address: string) => readConfig({ ...prod, CONSUL_HTTP_ADDR: address })
  expect(() => start('http://consul.example:8500')).toThrow(/CONSUL_HTTP_ADDR must be https:\/\/ in stage prod, unless/)
  for (const address of ['127.0.0.1:8500', 'http://[::1]:8500', 'http://localhost:8500', 'https://consul.example'])
    expect(() => start(address)).not.toThrow()
})

test('a file of the CA that cannot be read is named', () => {
  expect(() => consul({ CONSUL_HTTP_ADDR: 'https://consul.example', CONSUL_CACERT: '/nowhere/ca.pem' })).toThrow(
    /CONSUL_CACERT names \/nowhere\/ca.pem/,
  )
})
