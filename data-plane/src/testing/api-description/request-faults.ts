import { operationOf, parametersOf, resolved } from './description.ts'
import type { Description, Operation, Parameter, Schema } from './description.ts'
import { valueFaults } from './value-faults.ts'

/** A request to an API. `path` is what follows the API's prefix, with the query string. */
export interface DescribedRequest {
  readonly method: string
  readonly path: string
  readonly body: Readonly<Record<string, unknown>>
}

/**
 * What is wrong with a request, by a description of its API: parameters that are unknown, have another type, or lack.
 * `names` is another description of the same API, which is asked only whether it knows a name: of an operation that it
 * alone has, nothing else is held. Undefined: neither describes the operation.
 */
export function requestFaults(
  description: Description,
  { method, path, body }: DescribedRequest,
  names?: Description,
): string[] | undefined {
  const [pathname = '', query = ''] = path.split('?')
  const known = operationOf(description, method, pathname)
  const named = names && operationOf(names, method, pathname)
  const main = known ?? named
  if (!main) return undefined
  const others = new Set([...(known ? namesOf(description, known.operation) : []), ...(named ? namesOf(names, named.operation) : [])])
  const given = new URLSearchParams(query)
  const unknown = [...given.keys(), ...Object.keys(body)].filter((name) => !others.has(plain(name)))
  const faults = unknown.map((name) => `${name} is unknown`)
  if (known) faults.push(...pathFaults(description, known, pathname), ...faultsOf(description, known.operation, given, body))
  return faults.map((fault) => `${main.template}: ${fault}`)
}

/** The name without its brackets, as in `labels[]` and `range[start]`. */
const plain = (name: string): string => name.replace(/\[.*$/, '')

/** Segments that are not of their type. */
function pathFaults(description: Description, { template, operation }: Known, pathname: string): string[] {
  const names = template.split('/')
  const parameters = parametersOf(description, operation).filter((parameter) => parameter.in === 'path')
  return pathname.split('/').flatMap((segment, at) => {
    const parameter = parameters.find(({ name }) => `{${name}}` === names[at])
    return parameter ? textFault(description, parameter, decodeURIComponent(segment)).map((fault) => `${parameter.name} ${fault}`) : []
  })
}

type Known = NonNullable<ReturnType<typeof operationOf>>

const namesIn = (names: Iterable<string>): Set<string> => new Set([...names].map(plain))

/** What lacks, stands in the wrong place, or is not of its type. */
function faultsOf(description: Description, operation: Operation, query: URLSearchParams, body: DescribedRequest['body']): string[] {
  const parameters = parametersOf(description, operation).filter((parameter) => parameter.in === 'query')
  const { properties = {}, required = [] } = bodySchema(description, operation) ?? {}
  const [inQuery, inBody] = [namesIn(query.keys()), namesIn(Object.keys(body))]
  const missing = [
    ...required.filter((name) => !inBody.has(name)),
    ...parameters.flatMap(({ name, required }) => (required === true && !inQuery.has(plain(name)) ? plain(name) : [])),
  ]
  const ofQuery = namesIn(parameters.map(({ name }) => name))
  return [
    ...parameters.flatMap((parameter) =>
      query.getAll(parameter.name).flatMap((text) => textFault(description, parameter, text).map((fault) => `${parameter.name} ${fault}`)),
    ),
    ...Object.entries(body).flatMap(([name, value]) => valueFaults(description, properties[name] ?? {}, value, name)),
    ...[...inBody].filter((name) => ofQuery.has(name) && !(name in properties)).map((name) => `${name} is of the query`),
    ...missing.map((name) => `${name} is missing`),
  ]
}

/** A value as it stands in a URL. */
function textFault(description: Description, { schema = {} }: Parameter, text: string): string[] {
  const { type, enum: values, items } = resolved(description, schema)
  const of = type === 'array' && items ? resolved(description, items) : { type, enum: values }
  if (of.enum && !of.enum.map(String).includes(text)) return [`is ${text}, and none of ${of.enum.join(', ')}`]
  if (of.type === 'integer' && !/^-?\d+$/.test(text)) return [`is ${text}, and no integer`]
  if (of.type === 'boolean' && !/^(true|false)$/.test(text)) return [`is ${text}, and no boolean`]
  return []
}

function bodySchema(description: Description, { requestBody }: Operation): Schema | undefined {
  const [content] = Object.values(requestBody?.content ?? {})
  return content?.schema && resolved(description, content.schema)
}

/** Every name of a parameter or of a member of the body. */
function namesOf(description: Description, operation: Operation): Set<string> {
  const names = parametersOf(description, operation).map(({ name }) => plain(name))
  return new Set([...names, ...Object.keys(bodySchema(description, operation)?.properties ?? {}).map(plain)])
}
