/**
 * The protocol revisions that the gateway speaks. From 2026-07-28 on each request is self-contained; before, a client
 * initializes.
 */
export const MODERN_VERSIONS = ['2026-07-28'] as const
export const LEGACY_VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] as const
export const LATEST_LEGACY = LEGACY_VERSIONS[0]

export type ModernVersion = (typeof MODERN_VERSIONS)[number]
export type LegacyVersion = (typeof LEGACY_VERSIONS)[number]

export const isModern = (version: unknown): version is ModernVersion => MODERN_VERSIONS.some((revision) => revision === version)
export const isLegacy = (version: unknown): version is LegacyVersion => LEGACY_VERSIONS.some((revision) => revision === version)
