import { z } from 'zod'
import { Handle, ServerId } from './names.ts'
import { AtRevision, mutation, page, paged, query } from './operation.ts'
import { ListedSecretState, Secret, SecretEvent, SecretResult } from './secret-entities.ts'
import { SecretForm } from './secret-form.ts'
import { ImportFrom, SecretImport } from './secret-import.ts'

/**
 * Whose secret: a person's or a service account's, a group's, or the one that all who may use the server share; at most
 * one is named. None: the caller's own. Those of others are for administrators.
 */
const place = {
  server: ServerId,
  user: Handle.optional(),
  group: Handle.optional(),
  shared: z.boolean().optional(),
}

/** The values may stand where no field is foreseen: then the fault does not repeat the name. */
const quietly = { error: ({ code }: { code?: string }) => (code === 'unrecognized_keys' ? 'has a field that it may not have' : undefined) }

/** Values go in, and never come out. Who lacks a grant on the server is told that there is no such server. */
export const secrets = {
  /**
   * Tries a secret against the real service, and saves it when it is good. A verdict that is not `ok` is a normal
   * answer, with `saved: false`. Fields that are absent stay as they are stored. Fails with `invalid_input` for a value
   * that cannot be one, `conflict` after five refused secrets in a minute, when somebody else saved meanwhile or while
   * the server is switched off, and `unavailable` while the store does not answer.
   */
  put: mutation(
    'anyone',
    z.strictObject(
      {
        ...place,
        fields: z.record(z.string(), z.string()),
        /** An administrator saves it although nobody can check it, where the policy of the server allows that. */
        unchecked: z.boolean().optional(),
      },
      quietly,
    ),
    SecretResult,
  ),
  /** Tries the stored secret against the real service now. Fails with `not_found` when there is none. */
  check: mutation('anyone', z.strictObject(place), SecretResult),
  /** Destroys a secret in its store. Fails with `not_found` when there is none. */
  delete: mutation('anyone', z.strictObject(place), AtRevision),
  /**
   * Erases all secrets of a person or of a group: the values in the store, and the key that sealed them, so that copies
   * of the embedded store and of Consul cannot be opened either. `removed` names them. What a store that is away still
   * holds, is destroyed once it is back.
   */
  erase: mutation('administrator', z.strictObject({ user: Handle.optional(), group: Handle.optional() }), AtRevision),
  /**
   * Secrets, newest first, never their values. Administrators see all. A person sees their own, and those of their
   * groups and shared ones for the servers that they have a grant on. For one person (the caller, or `user`) the list
   * ends with the servers that need a secret and have none, in state `missing`.
   */
  list: query(
    'anyone',
    z.strictObject({
      ...page,
      user: Handle.optional(),
      group: Handle.optional(),
      server: ServerId.optional(),
      state: ListedSecretState.optional(),
    }),
    paged(Secret),
  ),
  /** What a server asks of people. `shared`: also what its settings take from the secret that all share. */
  form: query('anyone', z.strictObject({ server: ServerId, shared: z.boolean().optional() }), SecretForm),
  /** The forms of all servers that need a secret and that the caller, or `user`, has a grant on. */
  forms: query('anyone', z.strictObject({ user: Handle.optional() }), z.strictObject({ items: z.array(SecretForm) })),
  /** What happened to secrets, newest first: one's own; for administrators, all. */
  history: query(
    'anyone',
    z.strictObject({
      ...page,
      server: ServerId.optional(),
      user: Handle.optional(),
      group: Handle.optional(),
      shared: z.boolean().optional(),
    }),
    paged(SecretEvent),
  ),
  /**
   * Takes over what the original Bir MCP kept of people, `limit` documents a call; `resume` is the cursor of the next.
   * Each token is tried as if the person gave it now, and only a good one is saved; one that is here already is not
   * tried again, and another one that is here stays. `dryRun` tries and saves nothing. Fails with `not_found` when
   * nothing lies there, and `unavailable` while the other store does not answer.
   */
  import: mutation(
    'administrator',
    z.strictObject({
      from: ImportFrom,
      cursor: z.string().min(1).max(1000).optional(),
      limit: z.int().min(1).max(100).optional(),
      dryRun: z.boolean().optional(),
    }),
    SecretImport,
  ),
} as const
