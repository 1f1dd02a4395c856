import { foldedName, nameLike } from './fold.ts'

/** The methods that the protocol and its extensions give a client. */
const methods = [
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
  'skills/list',
  'initialize',
  'ping',
  'server/discover',
  'tools/call',
  'prompts/get',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'resources/directory/read',
  'completion/complete',
  'logging/setLevel',
  'subscriptions/listen',
  'tasks/get',
  'tasks/list',
  'tasks/result',
  'tasks/update',
  'tasks/cancel',
  'skills/get',
  'notifications/initialized',
  'notifications/cancelled',
  'notifications/progress',
  'notifications/roots/list_changed',
]

const known = new Set(methods)
const byFold = new Map(methods.map((method) => [foldedName(method), method]))

export const isProtocolMethod = (method: string): boolean => known.has(method)

/** The method of the protocol that a server could take this foreign one for. */
export const methodLike = (method: string): string | undefined => nameLike(byFold, method)
