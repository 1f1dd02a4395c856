import { higher } from './level.ts'
import type { Level } from './level.ts'

/** What a server says of a tool in `annotations` (MCP). Hints: an administrator's label overrides them. */
export interface ToolHints {
  readonly readOnly: boolean | undefined
  readonly destructive: boolean | undefined
}

export const hintsOf = (definition: Readonly<Record<string, unknown>>): ToolHints => {
  const { annotations } = definition
  const { readOnlyHint, destructiveHint } = (typeof annotations === 'object' && annotations !== null ? annotations : {}) as Record<
    string,
    unknown
  >
  return {
    readOnly: typeof readOnlyHint === 'boolean' ? readOnlyHint : undefined,
    destructive: typeof destructiveHint === 'boolean' ? destructiveHint : undefined,
  }
}

type Needed = Exclude<Level, 'disabled'>

/** The level a remote tool needs: by its hints, then by the verbs of its name. What cannot be told needs the highest. */
export function inferLevel(name: string, { readOnly, destructive }: ToolHints): Needed {
  if (destructive === true) return 'destroy'
  if (readOnly === true) return 'read'
  if (destructive === false) return 'write'
  const named = levelOfName(name) ?? 'destroy'
  return readOnly === false ? (higher(named, 'write') as Needed) : named
}

/** What the verbs in a name tell; undefined when there is none, or one that could mean anything. */
export function levelOfName(name: string): Needed | undefined {
  const words = wordsOf(name)
  const [first = '', last = ''] = [words[0], words.at(-1)]
  if (words.some((word) => destroy.has(word))) return 'destroy'
  if (words.some((word) => anything.has(word))) return undefined
  if (words.some((word) => write.has(word)) || writeFirst.has(first)) return 'write'
  return read.has(first) || read.has(last) ? 'read' : undefined
}

/** `getUserById`, `get_user-by.id` and `GETUser` are read alike. */
const wordsOf = (name: string): string[] =>
  name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '')

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/))

/** Where they stand at either end of a name: inside it they are often nouns. */
const read = words(`
  get list read search find query show describe view fetch lookup count check inspect browse look peek preview explain
  status info whoami ping echo print tail head diff compare validate verify test lint analyze analyse summarize summarise
  resolve download export retrieve load select stat watch grep glob ls cat help history health is has exists can`)

/** Wherever they stand: a name that both finds and replaces, replaces. */
const write = words(`
  create update write add insert edit modify patch upsert save upload append rename move copy duplicate clone fork merge
  replace assign unassign subscribe unsubscribe submit send publish register enable disable approve reject invite restore
  import configure install upgrade archive unarchive close reopen lock unlock mute unmute pin unpin attach transition
  increment decrement store put react reply rebase cancel pause resume retry schedule generate mark unmark toggle`)

/** Nouns too, in other places: only as the first word of a name are they its verb. */
const writeFirst = words(
  'set post comment commit push tag label change make build start open book order request report link join share draft log sign',
)

/** Wherever they stand. */
const destroy = words(`
  delete del remove rm drop destroy purge erase wipe truncate kill terminate revoke reset force clear flush prune uninstall
  evict discard overwrite rollback revert undo shutdown reboot shred unlink detach ban expel deprovision decommission nuke format`)

/** What these do is what they are handed: as much as it may be. */
const anything = words(
  'run execute exec eval invoke call apply perform process handle do manage sync migrate shell command sudo script deploy release trigger',
)
