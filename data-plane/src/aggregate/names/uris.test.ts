import fc from 'fast-check'
import { expect, test } from 'vitest'
import { aServer, aUri } from '../testing.ts'
import { readUri, uriOnAggregate } from './uris.ts'

test('every URI and template of every server is read back', () => {
  fc.assert(
    fc.property(aServer, aUri, (server, uri) => {
      expect(readUri(uriOnAggregate(server, uri))).toEqual({ server, uri })
    }),
  )
})

test.for([
  ['file:///a', 'mcp+files:file:///a'],
  ['test://t/{id}/data{?q}', 'mcp+files:test://t/{id}/data{?q}'],
  ['ui://view/a.html', 'ui://files/view/a.html'],
  ['skill://acme/refunds/SKILL.md', 'skill://files/acme/refunds/SKILL.md'],
  ['skill://{+path}', 'skill://files/{+path}'],
  ['UI://view', 'mcp+files:UI://view'],
  ['mcp+other:x', 'mcp+files:mcp+other:x'],
])('%s is shown as %s', ([uri, shown]) => {
  expect(uriOnAggregate('files', uri!)).toBe(shown)
})

test.for(['', 'file:///a', 'mcp+files', 'mcp+Files:x', 'mcp+t:x', 'mcp+a_b:x', 'mcp+:x', 'ui://', 'ui://files', 'ui://a_b/x', ' mcp+a:x'])(
  '%j is no URI of /mcp',
  (uri) => {
    expect(readUri(uri)).toBeUndefined()
  },
)

test('a file that a skill names relative to itself resolves to a URI of /mcp', () => {
  const shown = uriOnAggregate('files', 'skill://refunds/SKILL.md')
  expect(readUri(new URL('references/RULES.md', shown).href)).toEqual({ server: 'files', uri: 'skill://refunds/references/RULES.md' })
})

test('a template whose variable becomes the scheme of a view resolves to the view', () => {
  expect(readUri(uriOnAggregate('s', '{scheme}://app').replace('{scheme}', 'ui'))).toEqual({ server: 's', uri: 'ui://app' })
})
