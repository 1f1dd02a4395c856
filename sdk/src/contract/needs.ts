import { z } from 'zod'

/*
 * How the snapshot grows. A reader leaves out members that it does not know, unless the chunk, or the manifest, says in
 * `needs` that one must know them: then the reader must refuse it. What narrows (a condition, an approval, a binding, a
 * hidden thing, the state of a secret) always has such a word, because a reader that left it out would allow too much.
 *
 * Format 1 has no words: every reader knows what it means. `needs.test.ts` lists it, and fails for a member that is
 * neither in it nor in `LATER`.
 */

/** The parts of a snapshot that have a form of their own. */
export type Part =
  | 'manifest'
  | 'servers'
  | 'classes'
  | 'profile'
  | 'bucket'
  | 'index'
  | 'settings'
  | 'revocations'
  | 'keys'
  | 'planes'
  | 'personalTokens'

/** What `LATER` says of a member that older readers may leave out. */
export const MAY_BE_LEFT_OUT = 'may be left out'

/**
 * The members that came after format 1, by part and path, each with the word that a reader must know, or
 * `MAY_BE_LEFT_OUT`. In a path, `*` is every item of an array and every key of a record. A path that ends in `=value`
 * is a value that came later, and always needs a word: a reader cannot leave out what stands in a known place.
 * The settings of a server inside the gateway have paths such as `servers.sql.settings.connections.*.maxRows`.
 */
export type LaterMembers = { readonly [P in Part]?: Readonly<Record<string, string>> }
export const LATER: LaterMembers = {
  manifest: {
    // A plane that does not know personal access tokens refuses them.
    'chunks.personalTokens': MAY_BE_LEFT_OUT,
  },
  settings: {
    'settings.binding': 'binding',
    // They say how to bind, and `binding` whether.
    'settings.bindingNetwork': MAY_BE_LEFT_OUT,
    'settings.bindingRevokes': MAY_BE_LEFT_OUT,
    // A plane that does not know it takes no token after its end.
    'settings.offlineReadMs': MAY_BE_LEFT_OUT,
    // A plane that does not know them uses no secrets.
    'settings.secretCacheMs': MAY_BE_LEFT_OUT,
    'settings.secretLeaseMs': MAY_BE_LEFT_OUT,
  },
  personalTokens: {
    // A plane that does not know them refuses these tokens as unknown ones.
    ended: MAY_BE_LEFT_OUT,
  },
  servers: {
    'servers.*.remote.era=sse': 'era-sse',
    // A reader that left it out would take the file of the name for everybody.
    'servers.*.remote.headers.*.of=person': 'secret',
    'servers.sql.settings.connections.*.password.of=person': 'secret',
    'servers.sql.settings.connections.*.user.of=person': 'secret',
    'servers.sql.settings.connections.*.user.secret': 'secret',
    // A reader that does not know the server does not offer it.
    'servers.gitlab.settings.url': MAY_BE_LEFT_OUT,
    'servers.gitlab.settings.ca': MAY_BE_LEFT_OUT,
    'servers.gitlab.settings.clientCertificate': MAY_BE_LEFT_OUT,
    'servers.gitlab.settings.proxy': MAY_BE_LEFT_OUT,
    'servers.gitlab.settings.timeoutMs': MAY_BE_LEFT_OUT,
    'servers.gitlab.settings.atOncePerPerson': MAY_BE_LEFT_OUT,
    // A reader that left it out would list and call what only a secret opens.
    'servers.*.secret': 'secret',
  },
  bucket: {
    secrets: 'secret',
    // It says what `secrets` means.
    secretServers: MAY_BE_LEFT_OUT,
  },
}

/** The words that this reader knows: those of the meanings above, which its code implements. */
const knownWords = wordsOf(LATER)

/** All words in a vocabulary. */
export function wordsOf(later: LaterMembers): ReadonlySet<string> {
  const words = Object.values(later).flatMap((members) => Object.values(members))
  return new Set(words.filter((word) => word !== MAY_BE_LEFT_OUT))
}

/** The part as it is published: with `needs`, when it says something that a reader of format 1 must not leave out. */
export function withNeeds<T extends object>(part: Part, value: T, later: LaterMembers = LATER): T {
  const members = Object.entries(later[part] ?? {})
  const used = members.filter(([path, word]) => word !== MAY_BE_LEFT_OUT && hasAt(value, path.split('.'), 0)).map(([, word]) => word)
  return used.length === 0 ? value : { ...value, needs: [...new Set(used)].sort() }
}

function hasAt(value: unknown, path: readonly string[], at: number): boolean {
  const step = path[at]
  if (step === undefined) return value !== undefined
  if (typeof value !== 'object' || value === null) return false
  const inner: Record<string, unknown> = { ...value }
  if (step === '*') return Object.values(inner).some((one) => hasAt(one, path, at + 1))
  const [name = '', expected] = step.split('=')
  if (!Object.hasOwn(inner, name)) return false
  return expected === undefined ? hasAt(inner[name], path, at + 1) : String(inner[name]) === expected
}

const Needs = z.object({ needs: z.array(z.string().min(1)).default([]) })

/**
 * The words in the `needs` of a chunk or manifest that this reader does not know. Empty when it may read on. Ask before
 * anything else of it is read: what a word stands for may have changed its form.
 */
export function unknownNeeds(value: unknown, known: ReadonlySet<string> = knownWords): string[] {
  const parsed = Needs.safeParse(value)
  // Whatever it is instead of a list of words: what it demands is not known.
  if (!parsed.success) return ['needs']
  return parsed.data.needs.filter((word) => !known.has(word))
}
