import type { Level } from '@bir/sdk/contract/level'

const levels: Record<string, Level> = {
  'resources/read': 'read',
  'resources/subscribe': 'read',
  'resources/unsubscribe': 'read',
  'resources/directory/read': 'read',
  'prompts/get': 'read',
  'completion/complete': 'read',
  'logging/setLevel': 'read',
}

/**
 * The level that a method other than `tools/call` requires on its server. The level of an unknown method follows from
 * its verb; a method with an unknown verb requires `destroy`.
 */
export function methodLevel(method: string): Level {
  if (Object.hasOwn(levels, method)) return levels[method] ?? 'destroy'
  // A notification asks for nothing and gets no answer.
  if (method.startsWith('notifications/')) return 'read'
  return /(^|\/)(list|get|read|search)$/.test(method) ? 'read' : 'destroy'
}
