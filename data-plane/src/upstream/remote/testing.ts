import { ToolError } from '@bir/sdk/contract/errors'
import type { CallerSecret, CallerSecrets } from './caller-secrets.ts'

/** People and their secrets, which a test changes as it likes. */
export function somePeople(...names: string[]) {
  const versions = new Map(names.map((name) => [name, 1]))
  const refused: CallerSecret[] = []
  /** What the person's requests are sent with; plainly fake. */
  const tokenOf = (person: string, version = versions.get(person)) => `token-of-${person}-${version}`
  const secrets: CallerSecrets = {
    of(person, server) {
      const version = versions.get(person)
      if (version === undefined) throw new ToolError('secret_missing', `You have no secret for ${server}.`, { hint: 'Save one.' })
      return { place: { holder: { kind: 'person', id: person }, server }, version }
    },
    read: (person, { version }) => Promise.resolve(tokenOf(person, version)),
    refused: (secret) => void refused.push(secret),
    inUse: (person) => ({ values: [tokenOf(person)], hold: () => () => undefined }),
    hint: () => 'Save a new one.',
  }
  return {
    secrets,
    refused,
    tokenOf,
    /** The person saves another secret. */
    renew: (person: string) => void versions.set(person, (versions.get(person) ?? 0) + 1),
    lose: (person: string) => void versions.delete(person),
  }
}
