export const LISTS = ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list', 'skills/list'] as const

export type ListMethod = (typeof LISTS)[number]
