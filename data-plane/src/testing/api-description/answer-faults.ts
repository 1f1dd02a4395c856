import { operationOf, resolved } from './description.ts'
import type { Description, Operation, Schema } from './description.ts'
import { valueFaults } from './value-faults.ts'

/** What a service answered to a request. `path` is what follows the API's prefix; a body is JSON, or is not given. */
export interface DescribedAnswer {
  readonly method: string
  readonly path: string
  readonly status: number
  readonly body?: unknown
}

/**
 * What is wrong with an answer that is no refusal, by a description of its API: its status, or a member of another
 * type. A member may lack, and may be null: such descriptions have no word for either. Undefined: the description does
 * not have the operation.
 */
export function answerFaults(description: Description, { method, path, status, body }: DescribedAnswer): string[] | undefined {
  const [pathname = ''] = path.split('?')
  const known = operationOf(description, method, pathname)
  if (!known) return undefined
  const good = Object.entries(known.operation.responses ?? {}).filter(([code]) => code.startsWith('2'))
  const [, response] = good.find(([code]) => code === String(status)) ?? []
  const at = `${method} ${known.template}`
  if (!response) return [`${at}: status ${status} is none of ${good.map(([code]) => code).join(', ')}`]
  const schema = schemaOf(response)
  const faults = schema && body !== undefined ? valueFaults(description, schema, withoutNulls(body), 'body') : []
  return [...new Set(faults)].map((fault) => `${at}: ${fault}`)
}

type Response = NonNullable<Operation['responses']>[string]

const schemaOf = ({ content }: Response): Schema | undefined => content?.['application/json']?.schema

/** As it would be if what is null lacked. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).flatMap(([name, member]) => (member === null ? [] : [[name, withoutNulls(member)]])))
}

/** The name of every member that any answer of the API has. */
export function answerNames(description: Description): Set<string> {
  const operations = Object.values(description.paths).flatMap((methods) => Object.values(methods))
  const schemas = operations.flatMap(({ responses = {} }) => Object.values(responses).flatMap((response) => schemaOf(response) ?? []))
  return new Set(schemas.flatMap((schema) => namesIn(description, schema, [])))
}

/** `above`: the schemas in which it is, of which one may be within itself. */
function namesIn(description: Description, unresolved: Schema, above: readonly Schema[]): string[] {
  const schema = resolved(description, unresolved)
  if (above.includes(schema)) return []
  const inner = [...Object.values(schema.properties ?? {}), ...(schema.items ? [schema.items] : [])]
  return [...Object.keys(schema.properties ?? {}), ...inner.flatMap((one) => namesIn(description, one, [...above, schema]))]
}

/** The names of all members of a value, at any depth. */
export function namesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(namesOf)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, member]) => [name, ...namesOf(member)])
}
