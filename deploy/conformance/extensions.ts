import type { UpstreamKind } from './upstreams/index.ts'

/** Scenarios of extensions. The suite runs them with no revision, so each is run by its name. */
export const skillsScenarios = ['sep-2640-skills-enumeration', 'sep-2640-skills-directory', 'sep-2640-skills-manifest'] as const

/** The fixtures that serve tasks and skills. */
export const servesExtensions = ['dual', 'modern'] as const satisfies UpstreamKind[]
