import type { Level } from '@bir/sdk/contract/level'

const known: Record<string, Level> = {
  'resources/read': 'read',
  'resources/subscribe': 'read',
  'resources/unsubscribe': 'read',
  'resources/directory/read': 'read',
  'prompts/get': 'read',
  'completion/complete': 'read',
  'logging/setLevel': 'read',
}

/** What a method that is no tool call needs on its server. An unknown one is judged by its verb; what cannot be judged destroys. */
export function methodLevel(method: string): Level {
  if (Object.hasOwn(known, method)) return known[method] ?? 'destroy'
  // What a client tells a server asks for nothing.
  if (method.startsWith('notifications/')) return 'read'
  return /(^|\/)(list|get|read|search)$/.test(method) ? 'read' : 'destroy'
}
