/** Nobody but the client itself may keep the result, and not for long: it differs by person and may change at any time. */
export const NOT_CACHEABLE = { ttlMs: 0, cacheScope: 'private' }
