/**
 * The changes of lists that a client can subscribe to: the filter field (`wish`) of `subscriptions/listen`, the
 * notification, and the lists that changed.
 */
export const LIST_CHANGES = [
  { kind: 'tools', wish: 'toolsListChanged', method: 'notifications/tools/list_changed', lists: ['tools/list'] },
  { kind: 'prompts', wish: 'promptsListChanged', method: 'notifications/prompts/list_changed', lists: ['prompts/list'] },
  // SEP-2640 defines no notification for skills: a change of resources announces theirs too.
  {
    kind: 'resources',
    wish: 'resourcesListChanged',
    method: 'notifications/resources/list_changed',
    lists: ['resources/list', 'skills/list'],
  },
] as const satisfies { kind: string; wish: string; method: string; lists: string[] }[]

export type ListChange = (typeof LIST_CHANGES)[number]

/** The change that a notification announces; undefined for any other notification. */
export const listChangeOf = (method: string): ListChange | undefined => LIST_CHANGES.find((change) => change.method === method)
