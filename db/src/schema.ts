import type { OAuthTables } from './oauth-tables.ts'
import type { PlatformTables } from './platform-tables.ts'
import type { PolicyTables } from './policy-tables.ts'
import type { SecretTables } from './secret-tables.ts'

export { EVERYONE_ID } from './policy-tables.ts'
export type { HolderKind, ToolLabels } from './policy-tables.ts'
export { SHARED_ID } from './secret-tables.ts'

/** All tables of the gateway's database. */
export interface Database extends PolicyTables, PlatformTables, OAuthTables, SecretTables {}
