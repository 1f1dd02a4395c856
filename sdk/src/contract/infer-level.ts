import { higher } from './level.ts'
import type { Level } from './level.ts'

/**
 * The hints of a tool definition (MCP `ToolAnnotations`). Undefined:
 * the server gives none. An administrator's label overrides them.
 */
export interface ToolHints {
  readonly readOnly: boolean | undefined
  readonly destructive: boolean | undefined
}

/** Reads the hints of a tool definition. Values of a wrong type count as absent. */
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

type RequiredLevel = Exclude<Level, 'disabled'>

/**
 * The level that a remote tool needs, by its hints and then by the
 * verbs of its name. Without a sign of either it is `destroy`.
 */
export function inferLevel(name: string, { readOnly, destructive }: ToolHints): RequiredLevel {
  if (destructive === true) return 'destroy'
  if (readOnly === true) return 'read'
  if (destructive === false) return 'write'
  const byName = levelOfName(name) ?? 'destroy'
  return readOnly === false ? (higher(byName, 'write') as RequiredLevel) : byName
}

/** The level that the verbs in a name need. Undefined without a known verb, or with one that can mean anything. */
export function levelOfName(name: string): RequiredLevel | undefined {
  const words = wordsOf(name)
  const [first = '', last = ''] = [words[0], words.at(-1)]
  if (words.some((word) => destroyVerbs.has(word))) return 'destroy'
  if (words.some((word) => openVerbs.has(word))) return undefined
  if (words.some((word) => writeVerbs.has(word)) || writeFirstVerbs.has(first)) return 'write'
  return readVerbs.has(first) || readVerbs.has(last) ? 'read' : undefined
}

/** The words of a name in lower case. `getUserById`, `get_user-by.id` and `GETUser` are split alike. */
const wordsOf = (name: string): string[] =>
  name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '')

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/))

/** These count at either end of a name. Inside it they are often nouns. */
const readVerbs = words(`
  get list read search find query show describe view fetch lookup count check inspect browse look peek preview explain
  status info whoami ping echo print tail head diff compare validate verify test lint analyze analyse summarize summarise
  resolve download export retrieve load select stat watch grep glob ls cat help history health is has exists can`)

/** These count anywhere in a name: a tool that finds and replaces does replace. */
const writeVerbs = words(`
  create update write add insert edit modify patch upsert save upload append rename move copy duplicate clone fork merge
  replace assign unassign subscribe unsubscribe submit send publish register enable disable approve reject invite restore
  import configure install upgrade archive unarchive close reopen lock unlock mute unmute pin unpin attach transition
  increment decrement store put react reply rebase cancel pause resume retry schedule generate mark unmark toggle`)

/** These count as the first word alone. In other places they are nouns. */
const writeFirstVerbs = words(
  'set post comment commit push tag label change make build start open book order request report link join share draft log sign',
)

/** These count anywhere in a name. */
const destroyVerbs = words(`
  delete del remove rm drop destroy purge erase wipe truncate kill terminate revoke reset force clear flush prune uninstall
  evict discard overwrite rollback revert undo shutdown reboot shred unlink detach ban expel deprovision decommission nuke format`)

/** The effect of these depends on the arguments, so it can be anything. */
const openVerbs = words(
  'run execute exec eval invoke call apply perform process handle do manage sync migrate shell command sudo script deploy release trigger',
)
