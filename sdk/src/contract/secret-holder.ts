import { z } from 'zod'
import { Id, ServerId } from './names.ts'

/** Whose a secret is, in the order in which a server uses them unless its settings say otherwise. */
export const SecretHolderKind = z.enum(['person', 'group', 'shared'])
export type SecretHolderKind = z.infer<typeof SecretHolderKind>

/** Whose a secret is: a person's or a group's, by id, or one that all who may use the server share. */
export const SecretHolder = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('person'), id: Id }),
  z.object({ kind: z.literal('group'), id: Id }),
  z.object({ kind: z.literal('shared') }),
])
export type SecretHolder = z.infer<typeof SecretHolder>

/** Where a secret lies: whose it is, and for which server. It has one or more fields. */
export const SecretPlace = z.object({ holder: SecretHolder, server: ServerId })
export type SecretPlace = z.infer<typeof SecretPlace>

/**
 * The path of a secret below the prefix of its store: `people/<id>/<server>`, `groups/<id>/<server>` or
 * `shared/<server>`. Ids, and no handles: a path never changes hands.
 */
export function secretPath({ holder, server }: SecretPlace): string {
  switch (holder.kind) {
    case 'person':
      return `people/${holder.id}/${server}`
    case 'group':
      return `groups/${holder.id}/${server}`
    case 'shared':
      return `shared/${server}`
  }
}

/** What a store keeps of a secret: the values by field. */
export type SecretFields = Readonly<Record<string, string>>
