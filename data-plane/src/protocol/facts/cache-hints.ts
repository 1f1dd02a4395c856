/**
 * Cache hints (MCP 2026-07-28) of a result that differs by person and may change at any time: only the client itself
 * may cache it, and it is stale at once.
 */
export const NOT_CACHEABLE = { ttlMs: 0, cacheScope: 'private' }
