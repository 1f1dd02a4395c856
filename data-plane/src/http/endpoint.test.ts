import { expect, test } from 'vitest'
import { endpointOf, endpointOfMetadata } from './endpoint.ts'

const publicUrl = 'http://gateway.test'

test('a path is an endpoint when it names all servers or a server id', () => {
  expect(endpointOf(publicUrl, '/mcp')?.server).toBeUndefined()
  expect(endpointOf(publicUrl, '/mcp/things')).toEqual({
    path: '/mcp/things',
    server: 'things',
    resource: 'http://gateway.test/mcp/things',
    metadataUrl: 'http://gateway.test/.well-known/oauth-protected-resource/mcp/things',
  })
  for (const path of ['/', '/mcp/', '/mcp/Things', '/mcp/a/b', '/mcpx']) expect(endpointOf(publicUrl, path)).toBeUndefined()
})

test('an endpoint is of the public URL that it was asked for', () => {
  endpointOf('http://before.test', '/mcp/moved')
  expect(endpointOf(publicUrl, '/mcp/moved')?.resource).toBe('http://gateway.test/mcp/moved')
})

test('a real endpoint is remembered after a thousand made-up ones', () => {
  for (let at = 0; at < 1000; at++) endpointOf(publicUrl, `/mcp/made-up-${at}`)
  const endpoint = endpointOf(publicUrl, '/mcp/real')
  expect(endpointOf(publicUrl, '/mcp/real')).toBe(endpoint)
})

test('a thousand made-up endpoints push out one that is not used, and the next request gets an equal one', () => {
  const endpoint = endpointOf(publicUrl, '/mcp/idle')
  for (let at = 0; at < 1000; at++) endpointOf(publicUrl, `/mcp/made-up-${at}`)
  const next = endpointOf(publicUrl, '/mcp/idle')
  expect(next).not.toBe(endpoint)
  expect(next).toEqual(endpoint)
})

test('a metadata path is that of its endpoint, and the well-known path alone that of all servers', () => {
  const wellKnown = '/.well-known/oauth-protected-resource'
  expect(endpointOfMetadata(publicUrl, wellKnown)).toBe(endpointOf(publicUrl, '/mcp'))
  expect(endpointOfMetadata(publicUrl, `${wellKnown}/mcp/things`)).toBe(endpointOf(publicUrl, '/mcp/things'))
  expect(endpointOfMetadata(publicUrl, `${wellKnown}x`)).toBeUndefined()
})
