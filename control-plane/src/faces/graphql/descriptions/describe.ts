import { isEnumType, isInputObjectType, isIntrospectionType, isObjectType, isSpecifiedScalarType } from 'graphql'
import type { GraphQLNamedType, GraphQLSchema } from 'graphql'
import { ENUM_VALUES } from './enum-values.ts'
import { FIELDS } from './fields.ts'
import { OPERATIONS } from './operations.ts'
import { TYPES } from './types.ts'

/** Types that share the descriptions of another type's fields. */
const sameAs: Readonly<Record<string, readonly string[]>> = {
  AuditHeader: ['AuditEntry'],
  PolicyFileSettings: ['Settings'],
  PutSettings: ['Settings'],
  PolicyGrant: ['Grant'],
  PolicyGrantTools: ['GrantTools'],
  PolicyRestriction: ['Restriction'],
  PutServer: ['RemoteSettings', 'Server'],
  PutUser: ['User'],
}

/** Writes a description onto every type, field, argument and value of the schema, and gives the schema back. */
export function describe(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (isIntrospectionType(type) || isSpecifiedScalarType(type)) continue
    type.description ??= typeText(type)
    describeParts(type)
  }
  return schema
}

function typeText({ name }: GraphQLNamedType): string | undefined {
  const [, item] = /^(.+)(?:Connection|Edge)$/.exec(name) ?? []
  if (item) return name.endsWith('Edge') ? `A \`${item}\` in a page.` : `A page of \`${item}\` (Relay).`
  if (TYPES[name] !== undefined || !name.endsWith('Input')) return TYPES[name]
  const made = name.slice(0, -'Input'.length)
  const operation = made.slice(0, 1).toLowerCase() + made.slice(1)
  return operation in OPERATIONS ? `What \`${operation}\` takes.` : TYPES[made]
}

function describeParts(type: GraphQLNamedType): void {
  if (isEnumType(type)) for (const value of type.getValues()) value.description = ENUM_VALUES[`${type.name}.${value.name}`]
  if (isInputObjectType(type)) for (const field of Object.values(type.getFields())) field.description = fieldText(type.name, field.name)
  if (!isObjectType(type)) return
  const isRoot = type.name === 'Query' || type.name === 'Mutation'
  for (const field of Object.values(type.getFields())) {
    field.description = isRoot ? OPERATIONS[field.name] : fieldText(type.name, field.name)
    for (const argument of field.args) argument.description = fieldText(field.name, argument.name)
  }
}

function fieldText(type: string, field: string): string | undefined {
  const stem = type.replace(/Input$/, '')
  const keys = [type, stem, ...(sameAs[stem] ?? [])].map((owner) => `${owner}.${field}`)
  return [...keys, field].map((key) => FIELDS[key]).find((text) => text !== undefined)
}
