import type { Who } from '@bir/sdk/contract/operation'
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
  PolicyFileSettingsSession: ['SettingsSession'],
  PutSettingsSession: ['SettingsSession'],
  PutServer: ['RemoteSettings', 'Server'],
  PutUser: ['User'],
}

const whoTexts: Readonly<Record<Who, string>> = {
  administrator: 'For administrators.',
  self: 'For administrators, and for people about themselves.',
  anyone: 'For everybody who is signed in.',
}

/**
 * Writes a description onto every type, field, argument and value of the schema, and gives the schema back. `whoOf`
 * says who may use a field of Query or Mutation.
 */
export function describe(schema: GraphQLSchema, whoOf: (field: string) => Who): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (isIntrospectionType(type) || isSpecifiedScalarType(type)) continue
    type.description ??= typeText(type)
    describeParts(type, whoOf)
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

function describeParts(type: GraphQLNamedType, whoOf: (field: string) => Who): void {
  if (isEnumType(type)) for (const value of type.getValues()) value.description = ENUM_VALUES[`${type.name}.${value.name}`]
  if (isInputObjectType(type)) for (const field of Object.values(type.getFields())) field.description = fieldText(type.name, field.name)
  if (!isObjectType(type)) return
  const isRoot = type.name === 'Query' || type.name === 'Mutation'
  for (const field of Object.values(type.getFields())) {
    field.description = isRoot ? operationText(field.name, whoOf) : fieldText(type.name, field.name)
    for (const argument of field.args) argument.description = fieldText(field.name, argument.name)
  }
}

function operationText(field: string, whoOf: (field: string) => Who): string | undefined {
  const text = OPERATIONS[field]
  return text === undefined ? undefined : `${text} ${whoTexts[whoOf(field)]}`
}

function fieldText(type: string, field: string): string | undefined {
  const stem = type.replace(/Input$/, '')
  const keys = [type, stem, ...(sameAs[stem] ?? [])].map((owner) => `${owner}.${field}`)
  return [...keys, field].map((key) => FIELDS[key]).find((text) => text !== undefined)
}
