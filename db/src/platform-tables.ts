/** Tables of keys, tokens, planes, snapshots and audit. */
export interface PlatformTables {}
