import { z } from 'zod'
import { AuditRecord, Outcome, RecordKind, SetApart } from './audit.ts'
import {
  AuditChain,
  StrayRecords,
  AuditRow,
  Client,
  ClientAuthMethod,
  ClientKind,
  Caller,
  Explanation,
  Grant,
  Group,
  Instant,
  JoinLine,
  MisfiledRecord,
  PersonalToken,
  Plan,
  PlaneState,
  Restriction,
  Server,
  ServerHealth,
  ServiceAccount,
  Session,
  ToolDefinition,
  User,
} from './entities.ts'
import { Level } from './level.ts'
import { AtRevision, mutation, NoInput, page, paged, query } from './operation.ts'
import type { Procedure } from './operation.ts'
import { Handle, Id, PlaneName, ServerId, Sha256, ShortHash, TokenId, ToolName } from './names.ts'
import {
  FileGrant,
  FileGroup,
  FileRestriction,
  FileServiceAccount,
  MountedFileServer,
  PolicyFile,
  RemoteFileServer,
} from './policy-file.ts'
import { ProviderHandle } from './provider.ts'
import { ProviderState, ProviderTest } from './provider-state.ts'
import { own } from './api-own.ts'
import { secrets } from './api-secrets.ts'
import { GatewaySettings, SettingsPatch } from './settings.ts'
import { Selection } from './snapshot.ts'
import { isSeen } from './visible-name.ts'

/** The codes of a failed operation. tRPC has it in `error.data.code`, GraphQL in `extensions.code`. */
export const API_ERRORS = ['unauthenticated', 'forbidden', 'not_found', 'invalid_input', 'conflict', 'unavailable', 'internal'] as const
export type ApiErrorCode = (typeof API_ERRORS)[number]

const MountedServerInput = MountedFileServer.extend({ id: ServerId, title: MountedFileServer.shape.title.nullable() })
const RemoteServerInput = RemoteFileServer.extend({
  id: ServerId,
  title: RemoteFileServer.shape.title.nullable(),
  callTimeoutMs: RemoteFileServer.shape.callTimeoutMs.nullable(),
})

/** Text, and no enum: GraphQL clients send it as a string. */
const RecordKindName = z.string().refine((kind) => RecordKind.options.some((known) => known === kind), {
  error: `must be one of ${RecordKind.options.join(', ')}`,
})

/** A set of public keys (RFC 7517). */
const PublicKeys = z.record(z.string(), z.unknown())
const ClientName = z.string().min(1).max(200)
const MadeClient = z.strictObject({ clientId: z.string(), handle: Handle.nullable(), clientSecret: z.string().nullable() })

/**
 * The API of the control plane: who may call every operation, its kind, input and output.
 * tRPC, GraphQL, the client and the `bir` command are made from this table.
 *
 * A mutation answers after its revision of the policy is published. An operation fails with one of `API_ERRORS`:
 * `unauthenticated`, `forbidden`, `invalid_input` and `internal` are possible everywhere.
 */
export const api = {
  users: {
    /** People in the order of their handles. `search` finds a part of the handle, the name or the e-mail address. */
    list: query('administrator', z.strictObject({ ...page, search: z.string().optional() }), paged(User)),
    /** Who the caller is, as the gateway knows them: the answer to "am I signed in?". */
    me: query('anyone', NoInput, Caller),
    /** Fails with `not_found` when there is no such person. */
    get: query('administrator', z.strictObject({ handle: Handle }), User),
    /**
     * Creates a person, or changes the name, address and role of one. Fails with `conflict` when the handle belongs
     * to another person, or the person has another handle: handles never move. Fails with `conflict` too when nobody
     * would be left who is an administrator and not disabled.
     */
    put: mutation(
      'administrator',
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
    /**
     * Disables a person, or enables them again. Disabling voids every token that was issued before. Fails with
     * `conflict` for the last administrator who is not disabled.
     */
    setDisabled: mutation('administrator', z.strictObject({ handle: Handle, disabled: z.boolean() }), User),
  },
  serviceAccounts: {
    /** Service accounts in the order of their handles. */
    list: query('administrator', z.strictObject(page), paged(ServiceAccount)),
    /**
     * Creates a service account, or changes it. A field that is absent stays as it is; `title: null` takes the title
     * away. Fails with `conflict` when the handle is that of a person: handles never change hands. To disable one, or
     * to let it in again, call `users.setDisabled`.
     */
    put: mutation(
      'administrator',
      FileServiceAccount.extend({ handle: Handle, title: FileServiceAccount.shape.title.nullable() }),
      ServiceAccount,
    ),
  },
  groups: {
    list: query('administrator', z.strictObject(page), paged(Group)),
    /**
     * Creates a group, or changes it. A field that is absent stays as it is; `title: null` takes the title away.
     * `members` replaces the members that were declared. Those whom the identity provider made members stay.
     */
    put: mutation('administrator', FileGroup.extend({ handle: Handle, title: FileGroup.shape.title.nullable() }), Group),
    /** Makes people members, and leaves the others as they are. */
    addMembers: mutation('administrator', z.strictObject({ handle: Handle, members: z.array(Handle).min(1) }), Group),
    /** Takes people out. Fails with `conflict` when the identity provider makes one of them a member. */
    removeMembers: mutation('administrator', z.strictObject({ handle: Handle, members: z.array(Handle).min(1) }), Group),
    /** Removes a group with its grants and restrictions, which `removed` names. */
    delete: mutation('administrator', z.strictObject({ handle: Handle }), AtRevision),
  },
  grants: {
    /**
     * The grants of one user, service account or group, or on one server. A user's list does not have the grants of
     * their groups.
     */
    list: query(
      'administrator',
      z.strictObject({
        ...page,
        user: Handle.optional(),
        service: Handle.optional(),
        group: Handle.optional(),
        server: ServerId.optional(),
      }),
      paged(Grant),
    ),
    create: mutation('administrator', FileGrant, Grant),
    delete: mutation('administrator', z.strictObject({ id: Id }), AtRevision),
  },
  restrictions: {
    /** Restrictions limit what a holder may read over a SQL connection. */
    list: query('administrator', z.strictObject({ ...page, server: ServerId.optional() }), paged(Restriction)),
    create: mutation('administrator', FileRestriction, Restriction),
    delete: mutation('administrator', z.strictObject({ id: Id }), AtRevision),
  },
  selections: {
    /** What a person has switched off for themselves, by server. */
    get: query('self', z.strictObject({ user: Handle }), z.strictObject({ servers: z.record(ServerId, Selection) })),
    /**
     * Fields that are absent stay. `level: null` and an empty `off` take a choice back. A selection can only lower.
     * Fails with `conflict` when a person calls it more than 60 times in a minute.
     */
    set: mutation(
      'self',
      z.strictObject({ user: Handle, server: ServerId, level: Level.nullable().optional(), off: z.array(ToolName).optional() }),
      z.strictObject({ servers: z.record(ServerId, Selection) }),
    ),
  },
  servers: {
    /** Every server with its tools. Settings hold names of secrets, never secrets. */
    list: query('administrator', NoInput, z.strictObject({ items: z.array(Server) })),
    /**
     * Creates a server, or changes it. A field that is absent stays as it is; null, or `{}` for a field of several
     * parts, takes it back to its default. A server at another `url` is another server: then every field that the old
     * one had must be named, or the operation fails with `invalid_input`, so that no header goes there unasked.
     */
    put: mutation('administrator', z.discriminatedUnion('kind', [MountedServerInput, RemoteServerInput]), Server),
    /** Removes a server with its grants, restrictions and selections, which `removed` names. */
    delete: mutation('administrator', z.strictObject({ id: ServerId }), AtRevision),
    /** The kill switch. While `killed` is true, every call on the server is refused, for everyone. */
    kill: mutation('administrator', z.strictObject({ id: ServerId, killed: z.boolean() }), AtRevision),
    /** The health of the remote servers: one item per server and data plane. */
    health: query('administrator', z.strictObject({ id: ServerId.optional() }), z.strictObject({ items: z.array(ServerHealth) })),
    /**
     * The tools of a remote server, as approved and as offered. `listFaults` says what is wrong with its lists, as the
     * data planes read them. Fails with `not_found` for a mounted server.
     */
    definitions: query(
      'administrator',
      z.strictObject({ id: ServerId }),
      z.strictObject({ items: z.array(ToolDefinition), listFaults: z.array(z.string()).optional() }),
    ),
    /**
     * Approves definitions as they are offered now, of the tools in `names`, or else in `seen`. Each must be named in
     * `seen` with the hash that was looked at; otherwise the operation fails with `invalid_input`. `approved` names
     * the tools.
     */
    approve: mutation(
      'administrator',
      z.strictObject({
        id: ServerId,
        names: z.array(ToolName).max(2000).optional(),
        /**
         * By tool, the `hash` or `shortHash` of the definition that the administrator has looked at. When the server
         * offers another one by now, nothing is approved and the operation fails with `conflict`.
         */
        seen: z.record(ToolName, z.union([Sha256, ShortHash])).optional(),
      }),
      z.strictObject({ revision: z.int(), approved: z.array(z.string()) }),
    ),
  },
  settings: {
    get: query('administrator', NoInput, GatewaySettings),
    /** Changes the settings that are present, and leaves the others. */
    put: mutation('administrator', SettingsPatch, GatewaySettings),
  },
  policy: {
    /**
     * Makes the policy what the file says, all or nothing. `edits` names the changed rows, `removed` the secrets that
     * were destroyed with servers and groups. With `expectPolicy` or
     * `expectRevision` it fails with `conflict`, and changes nothing, when the policy in force is another one.
     */
    apply: mutation(
      'administrator',
      z.strictObject({
        file: PolicyFile,
        /** `policy` of `policy.version` or `policy.plan`. It changes with what a file can say, and nothing else. */
        expectPolicy: Sha256.optional(),
        /** A published revision. It changes with everything, also when a person signs in for the first time. */
        expectRevision: z.int().min(0).optional(),
      }),
      z.strictObject({ revision: z.int(), edits: z.array(z.string()), removed: z.array(z.string()).optional() }),
    ),
    /** What `apply` would change, and for whom. Changes nothing. */
    plan: query('administrator', z.strictObject({ file: PolicyFile }), Plan),
    /** Which policy is in force: the hash of all that a file can say, and the published revision. */
    version: query('administrator', NoInput, z.strictObject({ policy: Sha256, revision: z.int() })),
    /** The policy as a file that `apply` takes. */
    export: query('administrator', NoInput, PolicyFile),
    /** Whether a person may call a tool now, and why. It asks the same function that the data plane enforces. */
    explain: query('self', z.strictObject({ user: Handle, server: ServerId, tool: z.string() }), Explanation),
  },
  providers: {
    /** The identity providers, and whether each answers now. Each is asked. */
    list: query('administrator', NoInput, z.strictObject({ items: z.array(ProviderState) })),
    /**
     * Who somebody with these claims would be after a sign-in. Changes nothing. `provider` may be left out where there
     * is one alone. Fails with `not_found` when there is no such provider.
     */
    test: query(
      'administrator',
      z.strictObject({ provider: ProviderHandle.optional(), claims: z.record(z.string(), z.unknown()) }),
      ProviderTest,
    ),
  },
  clients: {
    /** OAuth clients in the order of their ids, without those that are known by a metadata document. */
    list: query('administrator', z.strictObject({ ...page, kind: ClientKind.optional() }), paged(Client)),
    /**
     * Creates a client: for people, with the `redirectUris` that codes may go to; or for a service account, which is
     * created when there is none. `clientSecret` is shown this once; it is null for a client without one. `jwks` holds
     * public keys. With `portal` it is a portal of the gateway: it signs in with the keys in `jwks`, needs no consent,
     * and its id is its handle, which is `portal` unless named. Fails with `conflict` when the handle is taken, or the
     * service account is disabled.
     */
    create: mutation(
      'administrator',
      z.strictObject({
        name: z.string().min(1).max(200),
        handle: Handle.optional(),
        redirectUris: z.array(z.string().max(2048)).max(32).optional(),
        /** Where it may have people sent who signed out (OpenID Connect RP-Initiated Logout 1.0). */
        postLogoutRedirectUris: z.array(z.string().max(2048)).max(32).optional(),
        /** Absent: `private_key_jwt` with keys, `client_secret_basic` for a service account, else `none`. */
        authMethod: ClientAuthMethod.optional(),
        jwks: PublicKeys.optional(),
        jwksUri: z.string().max(2048).optional(),
        serviceAccount: Handle.optional(),
        portal: z.boolean().optional(),
      }),
      MadeClient,
    ),
    /**
     * Gives a client a new secret, shown this once; or one that signs in with keys the public keys of `jwks`. What it
     * had before is void at once, unless `jwks` holds it too. `client`: an id, or a handle. Fails with `conflict` for
     * a client that authenticates in another way.
     */
    rotate: mutation('administrator', z.strictObject({ client: ClientName, jwks: PublicKeys.optional() }), MadeClient),
    /**
     * Approves a client for everybody, so that nobody is asked for consent, or takes that back: it changes the member
     * `approved` of the policy's section `clients`, as a policy file does. `client`: an id, a handle, or the URL of a
     * metadata document. Fails with `conflict` for a client that the policy does not admit, and where it stays approved
     * by its host.
     */
    approve: mutation(
      'administrator',
      z.strictObject({
        client: z.string().min(1).max(1000),
        approved: z.boolean(),
        /**
         * The redirect URIs that the administrator has looked at, in any order. When the client has others by now,
         * nothing is approved and the operation fails with `conflict`. Only for clients that are stored.
         */
        redirectUris: z.array(z.string().max(2048)).max(32).optional(),
      }),
      AtRevision,
    ),
    /** Deletes a client. Its sessions end at once, on every plane; `removed` says how many. */
    delete: mutation('administrator', z.strictObject({ client: ClientName }), AtRevision),
  },
  personalTokens: {
    /**
     * Makes a token of the caller for the MCP endpoints; it is not good for this API. `token` is shown this once. With
     * `servers` it is good at their own addresses alone (`/mcp/<server>`), with `networks` (CIDR) from there alone.
     * `until` is at most a year away; without it the token is good for 30 days. Only the operator of an embedded
     * gateway may name a `user`. Fails with `conflict` when the person has 50 good ones, or when 50 of theirs
     * were made in 24 hours, revoked ones included; the message says when to try again.
     */
    create: mutation(
      'anyone',
      z.strictObject({
        name: z
          .string()
          .min(1)
          .max(100)
          .refine((name) => isSeen(name) && name.trim() === name, 'a name has only characters that can be seen, and no blank at its ends'),
        user: Handle.optional(),
        servers: z.array(ServerId).min(1).max(100).optional(),
        networks: z.array(z.string().max(60)).min(1).max(50).optional(),
        until: Instant.optional(),
      }),
      z.strictObject({
        id: Id,
        token: z.string(),
        user: Handle,
        name: z.string(),
        servers: z.array(ServerId).nullable(),
        networks: z.array(z.string()).nullable(),
        until: Instant,
      }),
    ),
    /** The caller's own tokens, newest first. Administrators may name anybody; the operator gets everybody's. */
    list: query('anyone', z.strictObject({ ...page, user: Handle.optional() }), paged(PersonalToken)),
    /** Voids a token: the caller's own, or anybody's for administrators. */
    revoke: mutation('anyone', z.strictObject({ id: Id }), AtRevision),
  },
  own,
  secrets,
  sessions: {
    /**
     * The caller's own sessions that go on, newest first. Administrators may name anybody; the operator of an embedded
     * gateway gets everybody's.
     */
    list: query('anyone', z.strictObject({ ...page, user: Handle.optional() }), paged(Session)),
    /**
     * Ends a session of one's own; an administrator, anybody's. Its refresh tokens are void, and every plane refuses
     * its access tokens within a second. Fails with `not_found` when there is no such session, or it has ended.
     */
    end: mutation('anyone', z.strictObject({ sid: TokenId }), AtRevision),
  },
  tokens: {
    /**
     * Voids a token by its claim `jti`, or all tokens of a session
     * by their claim `sid` (RFC 7519), before they expire. The gateway keeps no list of
     * its tokens: an id that no token has is not noticed, if it has the form of one.
     */
    revoke: mutation('administrator', z.strictObject({ jti: TokenId.optional(), sid: TokenId.optional() }), AtRevision),
  },
  audit: {
    /**
     * Records in the search index, newest first. `since` is inclusive, `until` exclusive and later. Fails with
     * `not_found` when nothing fits and a person, server, tool or reason is named that neither the gateway nor any
     * record knows. With `token` or `session` and without `since`, records of the last 31 days are searched.
     */
    search: query(
      'administrator',
      z.strictObject({
        ...page,
        /** The id of a request: an error names it, and so does a page with an error. */
        id: Id.optional(),
        /** The id of a token, as records and `personalTokens.list` name it: its calls, and what was done with it. */
        token: Id.optional(),
        /** The id of a session (`sid`): the calls with all its tokens, and what was done with it. */
        session: Id.optional(),
        user: z.string().optional(),
        server: z.string().optional(),
        tool: z.string().optional(),
        outcome: Outcome.optional(),
        reason: z.string().optional(),
        kind: RecordKindName.optional(),
        since: Instant.optional(),
        until: Instant.optional(),
      }),
      paged(AuditRow),
    ),
    /**
     * Every audit chain. The control plane's own chain is the last. `strays`: records that are stored beside these
     * chains, because no such plane is known or they stand before record 1. The gateway itself stores none.
     */
    chains: query('administrator', NoInput, z.strictObject({ items: z.array(AuditChain), strays: z.array(StrayRecords).optional() })),
    /**
     * The records of one chain after `afterSeq`, as they were written, oldest first. A chain is verified from these.
     * `apart` stands in for records that could not be sent. `misfiled` names the columns of the search index that say
     * something else than the record. `misdated` names the records that are filed under another time than they tell, as
     * a wrong clock of their plane would explain. A page has `first` records and stand-ins.
     */
    chain: query(
      'administrator',
      z.strictObject({ plane: Id, afterSeq: z.int().min(0), first: z.int().min(1).max(1000).default(500) }),
      z.strictObject({
        records: z.array(AuditRecord),
        apart: z.array(SetApart).optional(),
        misfiled: z.array(MisfiledRecord).optional(),
        misdated: z.array(z.int()).optional(),
      }),
    ),
  },
  planes: {
    list: query('administrator', NoInput, z.strictObject({ items: z.array(PlaneState) })),
    /**
     * Excludes a data plane for good: it gets no policy and no keys any more. The sealing keys are renewed. Void are
     * the line that it joined with, lines for a plane of its name, and the lines in the files of the control plane
     * (`JOIN_FILE`), which are replaced at once.
     */
    expel: mutation('administrator', z.strictObject({ id: Id }), AtRevision),
    /**
     * Takes a plane off the list that is gone for good: away or stopped, with its audit stored. To come back it
     * joins anew. Unlike `expel`, this renews no keys and voids no join lines.
     */
    forget: mutation('administrator', z.strictObject({ id: Id }), AtRevision),
    /**
     * Makes a line that lets data planes join: the value of their setting `BIR_JOIN`. It holds a secret, and is shown
     * this once. `until` is at most a year away; without it the line is good for an hour.
     */
    invite: mutation(
      'administrator',
      z.strictObject({ name: PlaneName.optional(), uses: z.int().min(1).max(1000).default(1), until: Instant.optional() }),
      z.strictObject({ id: Id, line: z.string(), name: PlaneName.nullable(), uses: z.int(), until: Instant }),
    ),
    /** The lines that let planes join, newest first, with the planes that joined. `open`: only those of that state. */
    lines: query('administrator', z.strictObject({ ...page, open: z.boolean().optional() }), paged(JoinLine)),
    /** Makes a line void. Planes that joined with it stay. Fails with `conflict` when it admits nobody any more. */
    revokeLine: mutation('administrator', z.strictObject({ id: Id }), AtRevision),
  },
  snapshot: {
    /**
     * The published revision, and where each data plane stands. `history`: what the number counts in; another one
     * begins when the database was set back. Absent where a control plane of an earlier version published it.
     */
    status: query(
      'administrator',
      NoInput,
      z.strictObject({ revision: z.int(), root: z.string(), history: Id.optional(), at: Instant, planes: z.array(PlaneState) }),
    ),
  },
} as const satisfies Record<string, Record<string, Procedure>>

export type Api = typeof api
