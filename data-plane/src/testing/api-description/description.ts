import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

/** A JSON Schema as OpenAPI 3.0 has it, as far as messages are checked against it. */
export interface Schema {
  readonly $ref?: string
  readonly type?: string
  readonly format?: string
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
}

export interface Parameter {
  readonly name: string
  readonly in: string
  readonly required?: boolean
  readonly schema?: Schema
}

interface Reference {
  readonly $ref: string
}

/** What a message carries, by its media type. */
interface Carried {
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>
}

export interface Operation {
  readonly parameters?: readonly (Parameter | Reference)[]
  readonly requestBody?: Carried
  readonly responses?: Readonly<Record<string, Carried>>
}

/** A public description of an API (OpenAPI 3.0), read as it is. */
export interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components?: {
    readonly schemas?: Readonly<Record<string, Schema>>
    readonly parameters?: Readonly<Record<string, Parameter>>
  }
}

/** Reads a description from a file in YAML or JSON. */
export const readDescription = (file: string): Description => parse(readFileSync(file, 'utf8'), { maxAliasCount: -1 }) as Description

/** The operation of a request, with its path template. `path` is as it was sent, without the API's prefix and query. */
export function operationOf({ paths }: Description, method: string, path: string): { template: string; operation: Operation } | undefined {
  const segments = path.split('/')
  const found = Object.entries(paths)
    .filter(([template]) => fits(template.split('/'), segments))
    .sort(([a], [b]) => a.split('{').length - b.split('{').length)
  for (const [template, operations] of found) {
    const operation = operations[method.toLowerCase()]
    if (operation) return { template, operation }
  }
  return undefined
}

const fits = (template: readonly string[], segments: readonly string[]): boolean =>
  template.length === segments.length && template.every((part, at) => part.startsWith('{') || part === segments[at])

/** The parameters of an operation, without those whose reference leads nowhere. */
export const parametersOf = ({ components }: Description, { parameters = [] }: Operation): Parameter[] =>
  parameters.flatMap((one) => ('$ref' in one ? (components?.parameters?.[one.$ref.split('/').at(-1) ?? ''] ?? []) : one))

/** A schema without its reference. One that leads nowhere says nothing. */
export function resolved({ components }: Description, schema: Schema): Schema {
  if (schema.$ref === undefined) return schema
  return components?.schemas?.[schema.$ref.split('/').at(-1) ?? ''] ?? {}
}
