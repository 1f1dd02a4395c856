import { isObject } from '../json/is-object.ts'
import { SKILLS_EXTENSION } from '../protocol/extensions/skills.ts'
import { TASKS_EXTENSION } from '../protocol/extensions/tasks.ts'
import { UI_EXTENSION } from './apps.ts'
import type { Fields } from '../json/edit.ts'
import { fairShares } from './fair-shares.ts'

const byId = <T extends { readonly id: string }>(servers: Iterable<T>): T[] => [...servers].toSorted((a, b) => (a.id < b.id ? -1 : 1))

/** What `/mcp` can do for every server; `experimental` and whatever else a server has is had at `/mcp/{server}`. */
const merged = ['tools', 'prompts', 'resources', 'completions', 'logging'] as const

/** Extensions whose methods find their server on `/mcp`. */
const relayed = [TASKS_EXTENSION, UI_EXTENSION, SKILLS_EXTENSION]

/** What the servers can do together: whatever any of them can. */
export function mergeCapabilities(servers: Iterable<{ readonly id: string; readonly capabilities: Fields }>): Fields {
  const each = byId(servers).map(({ capabilities }) => capabilities)
  const capabilities = merged.flatMap((key) => together(each, key))
  const declared = each.flatMap((all) => (isObject(all['extensions']) ? [all['extensions']] : []))
  const extensions = relayed.flatMap((id) => together(declared, id))
  return { ...Object.fromEntries(capabilities), ...(extensions.length > 0 && { extensions: Object.fromEntries(extensions) }) }
}

function together(all: readonly Fields[], key: string): [string, Fields][] {
  const held = all.flatMap(({ [key]: settings }) => (isObject(settings) ? [settings] : []))
  return held.length === 0 ? [] : [[key, held.reduce(united, {})]]
}

/** Either's yes is a yes; of anything else the first's word counts. */
function united(known: Fields, more: Fields): Fields {
  const yes = Object.entries(more).filter(([key, value]) => value === true || !Object.hasOwn(known, key))
  return { ...known, ...Object.fromEntries(yes) }
}

export interface Instructed {
  readonly id: string
  readonly title: string
  readonly instructions: string | undefined
}

const maxChars = 16_000
const lineBreak = /\r\n|[\n\v\f\r\u0085\u2028\u2029]/

/**
 * What the servers say of themselves, each under its title, after our own words. Every line is quoted, so that no server speaks
 * in another's name, and a talkative one is cut rather than leave the others no room.
 */
export function mergeInstructions(own: string, servers: Iterable<Instructed>, max = maxChars): string {
  const said = byId(servers).flatMap(({ id, title, instructions }) => {
    const text = instructions?.trim()
    return text ? [{ heading: `## ${title} (${id}_…)`, text }] : []
  })
  const room = fairShares(
    said.map(({ text }) => text.length),
    max,
  )
  return [own, ...said.map(({ heading, text }, at) => `${heading}\n${quoted(text, room[at] ?? 0)}`)].join('\n\n')
}

function quoted(text: string, max: number): string {
  const cut = text.length > max ? `${text.slice(0, Math.max(0, max - 1)).toWellFormed()}…` : text
  return cut
    .split(lineBreak)
    .map((line) => `> ${line}`)
    .join('\n')
}
