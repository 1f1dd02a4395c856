import type { UpstreamKind } from './upstreams/index.ts'

/** Scenarios of extensions, which the suite runs with no revision: each is asked for by name. */
export const skillsScenarios = ['sep-2640-skills-enumeration', 'sep-2640-skills-directory', 'sep-2640-skills-manifest'] as const

/** The fixtures that serve tasks and skills. */
export const servesExtensions = ['dual', 'modern'] as const satisfies UpstreamKind[]
