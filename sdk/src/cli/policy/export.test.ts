import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PolicyFile } from '../../contract/policy-file.ts'
import { policyAsYaml } from './annotated-policy.ts'
import { parsePolicy } from './policy-source.ts'

const telling = Array.from('aA."*: #{}[],&!|>\'\\%@`-$?\n\t')
const character = fc.oneof(fc.constantFrom(...telling), fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }))
const name = fc
  .array(character, { minLength: 1, maxLength: 8 })
  .map((characters) => characters.join(''))
  .filter((text) => !text.includes('\0'))
const quote = (text: string) => `"${text.replaceAll('"', '""')}"`
const pattern = fc.tuple(name, name).map(([schema, table]) => `${quote(schema)}.${quote(table)}`)
const unquoted = fc.constantFrom('public.pay-2024', '*.*', '*.secrets', 'public.maaş')

test('tables and columns of any name read back from an exported file as they are', () => {
  const columns = fc.dictionary(fc.oneof(pattern, unquoted), fc.array(name, { minLength: 1, maxLength: 2 }), { maxKeys: 2 })
  const tables = fc.array(fc.oneof(pattern, unquoted), { maxLength: 3 })
  fc.assert(
    fc.property(tables, tables, columns, columns, (allow, deny, hide, mask) => {
      const restriction = { everyone: true as const, server: 'sql', connection: 'bank', allow, deny, hide, mask }
      const policy = PolicyFile.parse({ restrictions: [restriction] })
      expect(parsePolicy(policyAsYaml(policy), 'bir.yaml').policy).toEqual(policy)
    }),
  )
})
