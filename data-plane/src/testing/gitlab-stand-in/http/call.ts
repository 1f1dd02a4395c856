import type { Token, User } from '../world/people.ts'
import type { World } from '../world/world.ts'
import type { Answer } from './answer.ts'
import { badParameter } from './answer.ts'

/** A request that a route answers. */
export interface Call {
  readonly world: World
  readonly method: string
  /** The address of the API, to which links point. */
  readonly base: string
  readonly path: string
  /** The named segments of the route's path, decoded. */
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** The parameters of the body, and those of the query string below them, as Grape merges them. */
  readonly input: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly user: User
  readonly token: Token
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Below `/api/v4`, such as `/projects/:id`. */
  readonly path: string
  /** Any valid token may call it, whatever its scopes. */
  readonly anyScope?: true
  /** `read_user` is enough to read it. */
  readonly readUser?: true
  run(call: Call): Answer
}

export const route = (method: Route['method'], path: string, run: Route['run'], also: Partial<Route> = {}): Route => ({
  method,
  path,
  run,
  ...also,
})

/** A parameter of the segment, which the route's path names. */
export function param({ params }: Call, name: string): string {
  const value = params[name]
  if (value === undefined) throw new Error(`the route has no :${name}`)
  return value
}

export function numberParam(call: Call, name: string): number {
  const value = param(call, name)
  if (!/^\d+$/.test(value)) throw badParameter(`${name} is invalid`)
  return Number(value)
}

export function text({ input }: Call, name: string): string | undefined {
  const value = input[name]
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw badParameter(`${name} is invalid`)
}

export function requiredText(call: Call, name: string): string {
  const value = text(call, name)
  if (value === undefined) throw badParameter(`${name} is missing`)
  if (value === '') throw badParameter(`${name} is empty`)
  return value
}

export function flag(call: Call, name: string): boolean | undefined {
  const value = text(call, name)
  if (value === undefined) return undefined
  if (value !== 'true' && value !== 'false') throw badParameter(`${name} is invalid`)
  return value === 'true'
}

/** A list: an array in JSON, or words with commas between them. */
export function words(call: Call, name: string): string[] | undefined {
  const value = call.input[name]
  if (Array.isArray(value)) return value.map(String)
  return text(call, name)
    ?.split(',')
    .filter((word) => word !== '')
}

export function oneOf<T extends string>(call: Call, name: string, values: readonly T[]): T | undefined {
  const value = text(call, name)
  if (value === undefined) return undefined
  const found = values.find((known) => known === value)
  if (found === undefined) throw badParameter(`${name} does not have a valid value`)
  return found
}
