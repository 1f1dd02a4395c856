import { z } from 'zod'
import { Level } from './level.ts'
import { Handle, ServerId, ToolName } from './names.ts'
import { RemoteSettings } from './remote.ts'
import { GivenHeaders, RemoteUrl } from './remote-headers.ts'
import { Settings } from './settings.ts'
import { ColumnName, TablePattern } from './tables.ts'

/** The whole policy as one declarative file (`bir.yaml`). A section present is complete: what it leaves out is removed. A section absent is untouched. */

const Instant = z.union([z.iso.datetime({ offset: true }), z.date().transform((date) => date.toISOString())])

/** Exactly one of user, group, everyone. */
const holder = {
  user: Handle.optional(),
  group: Handle.optional(),
  everyone: z.literal(true).optional(),
}

export const oneHolder = (of: { user?: string | undefined; group?: string | undefined; everyone?: true | undefined }) =>
  [of.user, of.group, of.everyone].filter((given) => given !== undefined).length === 1

export const ONE_HOLDER_SAYS = 'name exactly one holder: user, group or everyone: true'

const described = {
  title: z.string().min(1).max(100).optional(),
  /** An administrator's labels, which override the level a tool declares or is taken to need. */
  tools: z.record(ToolName, z.strictObject({ level: Level.optional(), hidden: z.boolean().optional() })).optional(),
}

/** A server of the gateway's own, in process. */
export const MountedFileServer = z.strictObject({
  kind: z.literal('mounted'),
  ...described,
  settings: z.record(z.string(), z.unknown()).optional(),
})

const { era, trust, callTimeoutMs, maxResponseBytes, privateNetwork } = RemoteSettings.shape

/** Any MCP server, reached over HTTP. What is left out takes its default. */
export const RemoteFileServer = z.strictObject({
  kind: z.literal('remote'),
  ...described,
  url: RemoteUrl,
  headers: GivenHeaders.optional(),
  era: era.unwrap().optional(),
  trust: trust.unwrap().optional(),
  callTimeoutMs,
  maxResponseBytes: maxResponseBytes.unwrap().optional(),
  privateNetwork: privateNetwork.unwrap().optional(),
})

export const FileServer = z.discriminatedUnion('kind', [MountedFileServer, RemoteFileServer], 'kind is mounted or remote')
export type FileServer = z.infer<typeof FileServer>

export const FileGroup = z.strictObject({ title: z.string().max(100).optional(), members: z.array(Handle).default([]) })
export type FileGroup = z.infer<typeof FileGroup>

export const grantFields = {
  ...holder,
  server: ServerId,
  level: Level,
  tools: z.strictObject({ allow: z.array(ToolName).optional(), deny: z.array(ToolName).optional() }).optional(),
  expires: Instant.optional(),
}

export const FileGrant = z.strictObject(grantFields).refine(oneHolder, ONE_HOLDER_SAYS)
export type FileGrant = z.infer<typeof FileGrant>

export const restrictionFields = {
  ...holder,
  server: ServerId,
  connection: z.string().min(1).max(64),
  allow: z.array(TablePattern).optional(),
  deny: z.array(TablePattern).optional(),
  hide: z.record(TablePattern, z.array(ColumnName).min(1)).optional(),
  mask: z.record(TablePattern, z.array(ColumnName).min(1)).optional(),
  maxRows: z.int().positive().max(1_000_000).optional(),
  timeoutMs: z.int().positive().max(3_600_000).optional(),
}

export const FileRestriction = z.strictObject(restrictionFields).refine(oneHolder, ONE_HOLDER_SAYS)
export type FileRestriction = z.infer<typeof FileRestriction>

export const PolicyFile = z.strictObject({
  servers: z.record(ServerId, FileServer).optional(),
  groups: z.record(Handle, FileGroup).optional(),
  grants: z.array(FileGrant).optional(),
  restrictions: z.array(FileRestriction).optional(),
  /** What is left out takes its default. */
  settings: Settings.partial().optional(),
})
export type PolicyFile = z.infer<typeof PolicyFile>
