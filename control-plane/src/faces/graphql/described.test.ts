import { isEnumType, isInputObjectType, isIntrospectionType, isObjectType } from 'graphql'
import type { GraphQLNamedType } from 'graphql'
import { expect, test } from 'vitest'
import { operations } from '../operations.ts'
import { schemaOf } from './schema.ts'

const own = Object.values(schemaOf(operations).getTypeMap()).filter((type) => !isIntrospectionType(type))

interface Part {
  name: string
  description?: string | null | undefined
}

function partsOf(type: GraphQLNamedType): Part[] {
  const within = (owner: string, parts: readonly Part[]) =>
    parts.map((part) => ({ ...part, name: `${owner}.${part.name}`, description: part.description }))
  if (isEnumType(type)) return within(type.name, type.getValues())
  if (isInputObjectType(type)) return within(type.name, Object.values(type.getFields()))
  if (!isObjectType(type)) return []
  const fields = Object.values(type.getFields())
  return [...within(type.name, fields), ...fields.flatMap((field) => within(`${type.name}.${field.name}`, field.args))]
}

test('every type, field, argument and value of the schema says what it is (the tables in descriptions/)', () => {
  const parts: Part[] = own.flatMap((type) => [{ name: type.name, description: type.description }, ...partsOf(type)])
  const silent = parts.filter(({ description }) => !description).map(({ name }) => name)
  expect(silent).toEqual([])
})
