import { z } from 'zod'
import { AuditRecord, Outcome } from './audit.ts'
import {
  AuditChain,
  AuditRow,
  Explanation,
  Grant,
  Group,
  Instant,
  Plan,
  PlaneState,
  Restriction,
  Server,
  ServerHealth,
  ToolDefinition,
  User,
} from './entities.ts'
import { Level } from './level.ts'
import { Handle, Id, ServerId, Sha256, ToolName } from './names.ts'
import { FileGrant, FileGroup, FileRestriction, MountedFileServer, PolicyFile, RemoteFileServer } from './policy-file.ts'
import { Settings, SettingsPatch } from './settings.ts'
import { Selection } from './snapshot.ts'

/** The control plane's API, once: input and output of every operation. tRPC, GraphQL, the SDK and the command are typed by it. */

/** What a refused operation says in `code` (tRPC data, GraphQL extensions). */
export const API_ERRORS = ['unauthenticated', 'forbidden', 'not_found', 'invalid_input', 'conflict', 'unavailable', 'internal'] as const
export type ApiErrorCode = (typeof API_ERRORS)[number]

const page = { first: z.int().min(1).max(1000).default(100), after: z.string().optional() }
const paged = <T extends z.ZodType>(item: T) => z.strictObject({ items: z.array(item), next: z.string().nullable() })
const Nothing = z.strictObject({})
const Done = z.strictObject({ revision: z.int() })

type Procedure = { kind: 'query' | 'mutation'; input: z.ZodType; output: z.ZodType }
const query = <I extends z.ZodType, O extends z.ZodType>(input: I, output: O) => ({ kind: 'query', input, output }) as const
const mutation = <I extends z.ZodType, O extends z.ZodType>(input: I, output: O) => ({ kind: 'mutation', input, output }) as const

export const api = {
  users: {
    list: query(z.strictObject({ ...page, search: z.string().optional() }), paged(User)),
    get: query(z.strictObject({ handle: Handle }), User),
    put: mutation(
      z.strictObject({
        handle: Handle,
        provider: Handle,
        subject: z.string().min(1).max(255),
        name: z.string().max(200).optional(),
        email: z.email().optional(),
        administrator: z.boolean().optional(),
      }),
      User,
    ),
    /** Disabling voids every token issued before it. */
    setDisabled: mutation(z.strictObject({ handle: Handle, disabled: z.boolean() }), User),
  },
  groups: {
    list: query(z.strictObject(page), paged(Group)),
    put: mutation(FileGroup.extend({ handle: Handle }), Group),
    delete: mutation(z.strictObject({ handle: Handle }), Done),
  },
  grants: {
    list: query(z.strictObject({ ...page, user: Handle.optional(), group: Handle.optional(), server: ServerId.optional() }), paged(Grant)),
    create: mutation(FileGrant, Grant),
    delete: mutation(z.strictObject({ id: Id }), Done),
  },
  restrictions: {
    list: query(z.strictObject({ ...page, server: ServerId.optional() }), paged(Restriction)),
    create: mutation(FileRestriction, Restriction),
    delete: mutation(z.strictObject({ id: Id }), Done),
  },
  selections: {
    get: query(z.strictObject({ user: Handle }), z.strictObject({ servers: z.record(ServerId, Selection) })),
    set: mutation(
      z.strictObject({ user: Handle, server: ServerId, level: Level.nullable().optional(), off: z.array(ToolName).optional() }),
      z.strictObject({ servers: z.record(ServerId, Selection) }),
    ),
  },
  servers: {
    list: query(Nothing, z.strictObject({ items: z.array(Server) })),
    put: mutation(
      z.discriminatedUnion('kind', [MountedFileServer.extend({ id: ServerId }), RemoteFileServer.extend({ id: ServerId })]),
      Server,
    ),
    delete: mutation(z.strictObject({ id: ServerId }), Done),
    /** The kill switch: refuses every call on a server at once, for everyone. */
    kill: mutation(z.strictObject({ id: ServerId, killed: z.boolean() }), Done),
    /** How the remote servers are, by each plane's own account. */
    health: query(z.strictObject({ id: ServerId.optional() }), z.strictObject({ items: z.array(ServerHealth) })),
    /** What a remote server offers, and how far it is trusted. */
    definitions: query(z.strictObject({ id: ServerId }), z.strictObject({ items: z.array(ToolDefinition) })),
    /** Approves what is offered: of the tools named, or of all that wait. */
    approve: mutation(
      z.strictObject({
        id: ServerId,
        names: z.array(ToolName).max(2000).optional(),
        /** The hashes that were looked at, by tool: when one is no longer what is offered, nothing is approved. */
        seen: z.record(ToolName, Sha256).optional(),
      }),
      z.strictObject({ revision: z.int(), approved: z.array(z.string()) }),
    ),
  },
  settings: {
    get: query(Nothing, Settings),
    put: mutation(SettingsPatch, Settings),
  },
  policy: {
    apply: mutation(z.strictObject({ file: PolicyFile }), z.strictObject({ revision: z.int(), edits: z.array(z.string()) })),
    plan: query(z.strictObject({ file: PolicyFile }), Plan),
    export: query(Nothing, PolicyFile),
    explain: query(z.strictObject({ user: Handle, server: ServerId, tool: z.string() }), Explanation),
  },
  tokens: {
    /** Voids one token by its `jti`, or one session by its `sid`, before its time. */
    revoke: mutation(z.strictObject({ jti: z.string().optional(), sid: z.string().optional() }), Done),
  },
  audit: {
    /** Newest first. */
    search: query(
      z.strictObject({
        ...page,
        user: z.string().optional(),
        server: z.string().optional(),
        tool: z.string().optional(),
        outcome: Outcome.optional(),
        reason: z.string().optional(),
        kind: z.string().optional(),
        since: Instant.optional(),
        until: Instant.optional(),
      }),
      paged(AuditRow),
    ),
    /** Every chain there is, the control plane's own last. */
    chains: query(Nothing, z.strictObject({ items: z.array(AuditChain) })),
    /** One plane's records as they were written, oldest first: what a chain is verified from. */
    chain: query(
      z.strictObject({ plane: Id, afterSeq: z.int().min(0), first: z.int().min(1).max(1000).default(500) }),
      z.strictObject({ records: z.array(AuditRecord) }),
    ),
  },
  planes: {
    list: query(Nothing, z.strictObject({ items: z.array(PlaneState) })),
    /** An expelled plane gets nothing more, and the sealing keys are renewed. */
    expel: mutation(z.strictObject({ id: Id }), Done),
  },
  snapshot: {
    status: query(Nothing, z.strictObject({ revision: z.int(), root: z.string(), at: Instant, planes: z.array(PlaneState) })),
  },
} as const satisfies Record<string, Record<string, Procedure>>

export type Api = typeof api
