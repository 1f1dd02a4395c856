import type { PlatformTables } from './platform-tables.ts'
import type { PolicyTables } from './policy-tables.ts'

export { EVERYONE_ID } from './policy-tables.ts'
export type { HolderKind, ToolLabels } from './policy-tables.ts'

/** Every table of the gateway's own database. */
export interface Database extends PolicyTables, PlatformTables {}
