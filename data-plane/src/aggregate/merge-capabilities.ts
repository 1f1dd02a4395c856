import { isObject } from '../json/is-object.ts'
import { SKILLS_EXTENSION } from '../protocol/extensions/skills.ts'
import { TASKS_EXTENSION } from '../protocol/extensions/tasks.ts'
import { UI_EXTENSION } from './apps.ts'
import type { Fields } from '../json/edit.ts'
import { fairShares } from './fair-shares.ts'

const byId = <T extends { readonly id: string }>(servers: Iterable<T>): T[] => [...servers].toSorted((a, b) => (a.id < b.id ? -1 : 1))

/** The capabilities that `/mcp` merges. Others, such as `experimental`, are available only at `/mcp/{server}`. */
const mergedKeys = ['tools', 'prompts', 'resources', 'completions', 'logging'] as const

/** Extensions whose methods `/mcp` can route to a server. */
const relayedExtensions = [TASKS_EXTENSION, UI_EXTENSION, SKILLS_EXTENSION]

/** Merges the capabilities of the servers: `/mcp` can do what any of them can. */
export function mergeCapabilities(servers: Iterable<{ readonly id: string; readonly capabilities: Fields }>): Fields {
  const serverCapabilities = byId(servers).map(({ capabilities }) => capabilities)
  const capabilities = mergedKeys.flatMap((key) => mergeKey(serverCapabilities, key))
  const serverExtensions = serverCapabilities.flatMap(({ extensions }) => (isObject(extensions) ? [extensions] : []))
  const extensions = relayedExtensions.flatMap((id) => mergeKey(serverExtensions, id))
  return { ...Object.fromEntries(capabilities), ...(extensions.length > 0 && { extensions: Object.fromEntries(extensions) }) }
}

/** The entry of the merged object for one key; none when no object has it. */
function mergeKey(objects: readonly Fields[], key: string): [string, Fields][] {
  const settings = objects.flatMap(({ [key]: value }) => (isObject(value) ? [value] : []))
  return settings.length === 0 ? [] : [[key, settings.reduce(mergeSettings, {})]]
}

/** A `true` of any server counts. Of other values the first one counts. */
function mergeSettings(merged: Fields, settings: Fields): Fields {
  const added = Object.entries(settings).filter(([key, value]) => value === true || !Object.hasOwn(merged, key))
  return { ...merged, ...Object.fromEntries(added) }
}

export interface Instructed {
  readonly id: string
  readonly title: string
  readonly instructions: string | undefined
}

const maxChars = 16_000
const lineBreak = /\r\n|[\n\v\f\r\u0085\u2028\u2029]/

/**
 * Merges the instructions of the servers, each under its title, after our own. Every line is quoted, so that no server
 * can pretend to be another. Long instructions are cut, so that each server has room.
 */
export function mergeInstructions(gatewayInstructions: string, servers: Iterable<Instructed>, max = maxChars): string {
  const sections = byId(servers).flatMap(({ id, title, instructions }) => {
    const text = instructions?.trim()
    return text ? [{ heading: `## ${title} (${id}_…)`, text }] : []
  })
  const shares = fairShares(
    sections.map(({ text }) => text.length),
    max,
  )
  const quotedSections = sections.map(({ heading, text }, at) => `${heading}\n${quote(text, shares[at] ?? 0)}`)
  return [gatewayInstructions, ...quotedSections].join('\n\n')
}

function quote(text: string, max: number): string {
  const cut = text.length > max ? `${text.slice(0, Math.max(0, max - 1)).toWellFormed()}…` : text
  return cut
    .split(lineBreak)
    .map((line) => `> ${line}`)
    .join('\n')
}
