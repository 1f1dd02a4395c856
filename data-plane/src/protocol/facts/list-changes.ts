import type { ListMethod } from '../list-methods.ts'

/** What a client can ask to hear of lists: its word in `subscriptions/listen`, the notification, and the lists it is about. */
export const LIST_CHANGES = [
  { kind: 'tools', wish: 'toolsListChanged', method: 'notifications/tools/list_changed', lists: ['tools/list'] },
  { kind: 'prompts', wish: 'promptsListChanged', method: 'notifications/prompts/list_changed', lists: ['prompts/list'] },
  // Skills have no notification of their own.
  {
    kind: 'resources',
    wish: 'resourcesListChanged',
    method: 'notifications/resources/list_changed',
    lists: ['resources/list', 'skills/list'],
  },
] as const satisfies { kind: string; wish: string; method: string; lists: ListMethod[] }[]

export type ListChange = (typeof LIST_CHANGES)[number]

/** The change that a notification tells of; undefined for any other notification. */
export const listChangeOf = (method: string): ListChange | undefined => LIST_CHANGES.find((change) => change.method === method)
