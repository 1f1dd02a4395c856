import { ToolError } from '@bir/sdk/contract/errors'
import type { SecretPlace } from '@bir/sdk/contract/secret-holder'
import type { SecretRef } from '@bir/sdk/contract/secret-ref'
import type { ServerSecrets } from '../../secrets/in-use.ts'

/** The secret with which a person's requests to a server are made: whose it is, and in which version. */
export interface CallerSecret {
  readonly place: SecretPlace
  readonly version: number
}

/** The secrets that people have for remote servers. */
export interface CallerSecrets {
  /** The secret that the person's requests are made with now. Throws `ToolError` where there is none to use. */
  of(person: string, server: string): CallerSecret
  /** The value of one of its fields. Rejects with `ToolError` `secret_missing`, or when no store answers. */
  read(person: string, secret: CallerSecret, ref: SecretRef): Promise<string>
  /** The server did not accept it. */
  refused(secret: CallerSecret): void
  /** The values that the server was sent for this person, its shared ones among them. */
  inUse(person: string, server: string): Pick<ServerSecrets, 'values' | 'hold'>
  /** Where the person gives a new one: a sentence for a hint. */
  hint(server: string): string
}

/** Names the secret in one version: another name is another credential. */
export const secretKey = ({ place: { holder }, version }: CallerSecret): string =>
  `${holder.kind} ${holder.kind === 'shared' ? '' : holder.id} ${version}`

const noSecret = (): never => {
  throw new ToolError('secret_missing', 'This gateway keeps no secrets of people.', { hint: 'Tell an administrator.' })
}

/** Of a plane that has no secrets of people: servers that need one are used by nobody. */
export const noCallerSecrets: CallerSecrets = {
  of: noSecret,
  read: async () => noSecret(),
  refused: () => undefined,
  inUse: () => ({ values: [], hold: () => () => undefined }),
  hint: () => '',
}
