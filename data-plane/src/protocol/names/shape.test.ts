import fc from 'fast-check'
import { expect, test } from 'vitest'
import { entryFault, requestFault } from './name-fault.ts'

/** All letters that Unicode's simple case folding takes for one (Go's `unicode.SimpleFold`, for ASCII letters). */
const alike = (letter: string): string[] => {
  const special: Record<string, string[]> = { s: ['\u017f'], k: ['\u212a'] }
  return [letter.toLowerCase(), letter.toUpperCase(), ...(special[letter.toLowerCase()] ?? [])]
}

const names = ['name', 'uri', 'arguments', '_meta', 'taskId', 'ref', 'argument', 'inputResponses', 'requestState', 'cursor', 'task']

test('every spelling that a reader without regard to case takes for a name of the protocol is found', () => {
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.array(fc.nat(), { minLength: 20, maxLength: 20 }), (name, choices) => {
      const spelling = Array.from(name, (letter, at) => alike(letter)[(choices[at] ?? 0) % alike(letter).length]).join('')
      fc.pre(spelling !== name)
      expect(requestFault('tools/call', { [spelling]: 1 })?.message).toContain(`differs from ${name} only`)
    }),
  )
})

test.for(['nam\u0435', 'names', 'x-name', 'nam', '\u00f1ame', ''])('%j is no spelling of a name', (name) => {
  expect(requestFault('tools/call', { [name]: 1 })).toBeUndefined()
})

test('the letters of other alphabets that some readers fold to these are found too', () => {
  expect(requestFault('tools/call', { urı: 1 })?.message).toContain('params.ur\\u0131 differs from uri')
  expect(requestFault('tools/call', { URİ: 1 })?.message).toContain('params.UR\\u0130 differs from uri')
  expect(requestFault('tools/call', { requeﬆState: 1 })?.message).toContain('params.reque\\ufb06State differs from requestState')
})

test('an entry of a list in which a client could read another name is at fault', () => {
  expect(entryFault({ name: 'get_item', NAME: 'delete_item' })).toBe('The member NAME differs from name only in its spelling.')
  expect(entryFault({ name: 'a', annotations: { ReadOnlyHint: true } })).toContain('annotations.ReadOnlyHint')
  expect(entryFault({ name: 'a', inputSchema: { properties: { NAME: {} } }, _meta: { 'acme/NAME': 1 } })).toBeUndefined()
})

test.for(['name\0', 'name\0more', '\0name', 'na\0me', 'NAME\0x\0', 'na\u0001me', 'name\u007f', 'name\u0085', 'name\u200b', '\ufeffname'])(
  '%j is the name for a reader that ends it at NUL, or drops characters without a shape',
  (name) => {
    expect(requestFault('tools/call', { name: 'a', [name]: 'b' })?.message).toContain('differs from name only')
  },
)

test('so it is with names further in, names with the prefix of the protocol, and methods', () => {
  const key = 'io.modelcontextprotocol/clientInfo'
  expect(requestFault('tools/call', { _meta: { [`${key}\0`]: {} } })?.message).toContain(`clientInfo\\u0000 differs from ${key} only`)
  expect(requestFault('tools/call', { _meta: { 'io.model\0contextprotocol/new': 1 } })?.message).toContain('io.modelcontextprotocol/…')
  expect(requestFault('tools/call\0x', {})).toMatchObject({ code: 'unknownMethod', message: expect.stringContaining('Send tools/call.') })
  expect(requestFault('tools/call', { arguments: { 'name\0': 1 }, _meta: { 'acme/\0name': 1 }, 'other\0name': 1 })).toBeUndefined()
})
