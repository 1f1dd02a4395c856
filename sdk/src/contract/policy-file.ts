import { z } from 'zod'
import { FileClients } from './client-policy.ts'
import { Level } from './level.ts'
import { Handle, ServerId, ToolName } from './names.ts'
import { FileProviders, ProviderHandle } from './provider.ts'
import { RemoteSettings } from './remote.ts'
import { RemoteHeaders, RemoteUrl } from './remote-headers.ts'
import { GatewaySettings, GivenBindingNetwork, SessionSettings } from './settings.ts'
import { SecretPolicy } from './secret-policy.ts'
import { ColumnName, TablePattern } from './tables.ts'

/** A moment (RFC 3339). YAML may parse it as a date; it becomes text again. */
const Instant = z.union([z.iso.datetime({ offset: true }), z.date().transform((date) => date.toISOString())])

/** Who holds a grant or a restriction. Exactly one of the four is present. */
const holder = {
  user: Handle.optional(),
  /** A service account. */
  service: Handle.optional(),
  group: Handle.optional(),
  everyone: z.literal(true).optional(),
}

/** Does it name exactly one holder? */
export const hasOneHolder = (item: {
  user?: string | undefined
  service?: string | undefined
  group?: string | undefined
  everyone?: true | undefined
}) => [item.user, item.service, item.group, item.everyone].filter((holder) => holder !== undefined).length === 1

export const ONE_HOLDER_MESSAGE = 'name exactly one holder: user, service, group or everyone: true'

/** The fields that both kinds of server have. */
const commonFields = {
  /** The name that people see. */
  title: z.string().min(1).max(100).optional(),
  /**
   * An administrator's labels by tool. A label sets the level that the tool needs, or hides the tool from everyone.
   */
  tools: z.record(ToolName, z.strictObject({ level: Level.optional(), hidden: z.boolean().optional() })).optional(),
  /** Whose secrets the server uses, and which are good enough. */
  secret: SecretPolicy.optional(),
}

/** A server that runs inside the gateway. The server's own schema checks `settings`. */
export const MountedFileServer = z.strictObject({
  kind: z.literal('mounted'),
  ...commonFields,
  settings: z.record(z.string(), z.unknown()).optional(),
})

const { era, trust, callTimeoutMs, maxResponseBytes, privateNetwork } = RemoteSettings.shape

/** An MCP server that the gateway reaches over HTTP. Absent fields take the defaults of `RemoteSettings`. */
export const RemoteFileServer = z.strictObject({
  kind: z.literal('remote'),
  ...commonFields,
  url: RemoteUrl,
  headers: RemoteHeaders.optional(),
  era: era.unwrap().optional(),
  trust: trust.unwrap().optional(),
  callTimeoutMs,
  maxResponseBytes: maxResponseBytes.unwrap().optional(),
  privateNetwork: privateNetwork.unwrap().optional(),
})

/** A server in a policy file. */
export const FileServer = z.discriminatedUnion('kind', [MountedFileServer, RemoteFileServer], 'kind is mounted or remote')
export type FileServer = z.infer<typeof FileServer>

/**
 * A person who may sign in for the first time. The provider says who it is by `subject` (its claim `sub`), or else by a
 * verified `email`. Once the person has signed in, name and address are what the provider says.
 */
export const FileUser = z.strictObject({
  name: z.string().min(1).max(200).optional(),
  email: z.email().max(320).optional(),
  subject: z.string().min(1).max(255).optional(),
  /** The provider that says it. Default: the one of the control plane's settings. */
  provider: ProviderHandle.optional(),
})
export type FileUser = z.infer<typeof FileUser>

/**
 * A service account: a program that acts in its own name. `administrator`: it may also administer the gateway, as a
 * pipeline must that applies the policy.
 */
export const FileServiceAccount = z.strictObject({ title: z.string().min(1).max(100).optional(), administrator: z.boolean().optional() })
export type FileServiceAccount = z.infer<typeof FileServiceAccount>

/**
 * A group. `members` are all whom the policy itself makes members; those whom the identity provider made members stay.
 * Without `members`, nobody comes or leaves.
 */
export const FileGroup = z.strictObject({ title: z.string().max(100).optional(), members: z.array(Handle).optional() })
export type FileGroup = z.infer<typeof FileGroup>

/** The fields of a grant. `FileGrant` also checks that it names one holder. */
export const grantFields = {
  ...holder,
  server: ServerId,
  /** What the holder may do on the server. For a user, `disabled` takes away what groups and everyone have. */
  level: Level,
  /** `allow`: only these tools. `deny`: never these. Both absent: every tool that the level covers. */
  tools: z.strictObject({ allow: z.array(ToolName).optional(), deny: z.array(ToolName).optional() }).optional(),
  /** The grant counts until this moment. Absent: without end. */
  expires: Instant.optional(),
}

/** A grant: what one holder may do on one server. */
export const FileGrant = z.strictObject(grantFields).refine(hasOneHolder, ONE_HOLDER_MESSAGE)
export type FileGrant = z.infer<typeof FileGrant>

/** The fields of a restriction. `FileRestriction` also checks that it names one holder. */
export const restrictionFields = {
  ...holder,
  server: ServerId,
  /** A connection in the server's settings. */
  connection: z.string().min(1).max(64),
  /** Tables that may be read. */
  allow: z.array(TablePattern).optional(),
  /** Tables that may not be read, even when `allow` has them. */
  deny: z.array(TablePattern).optional(),
  /** Columns by table that do not exist for the holder. */
  hide: z.record(TablePattern, z.array(ColumnName).min(1)).optional(),
  /** Columns by table whose values are masked. */
  mask: z.record(TablePattern, z.array(ColumnName).min(1)).optional(),
  /** The most rows that one query returns. */
  maxRows: z.int().positive().max(1_000_000).optional(),
  timeoutMs: z.int().positive().max(3_600_000).optional(),
}

/** A restriction: what one holder may read over one connection of a SQL server. Without one, nothing may be read. */
export const FileRestriction = z.strictObject(restrictionFields).refine(hasOneHolder, ONE_HOLDER_MESSAGE)
export type FileRestriction = z.infer<typeof FileRestriction>

/**
 * The whole policy as one file (`bir.yaml`). A section that is present is complete:
 * whatever it leaves out is removed from the policy. A section that is absent stays
 * as it is. The file holds no secret: settings name secrets as `{ secret: <name> }`.
 */
export const PolicyFile = z.strictObject({
  servers: z.record(ServerId, FileServer).optional(),
  /**
   * People, by handle. Leaving one out deletes nobody: who has signed in stays, and who has not can no longer become
   * this person.
   */
  users: z.record(Handle, FileUser).optional(),
  /**
   * Service accounts, by handle. Leaving one out disables it, and deletes nothing: its tokens are void, and declaring
   * it again enables it with the grants that it then has.
   */
  serviceAccounts: z.record(Handle, FileServiceAccount).optional(),
  groups: z.record(Handle, FileGroup).optional(),
  grants: z.array(FileGrant).optional(),
  restrictions: z.array(FileRestriction).optional(),
  /** Settings that are left out take their defaults. */
  settings: GatewaySettings.partial()
    .extend({ session: SessionSettings.strict().optional(), bindingNetwork: GivenBindingNetwork.optional() })
    .strict()
    .optional(),
  /** Which OAuth clients people may use. */
  clients: FileClients.optional(),
  /** Through whom people sign in, by handle. The provider of the control plane's settings stands beside these. */
  providers: FileProviders.optional(),
})
export type PolicyFile = z.infer<typeof PolicyFile>
