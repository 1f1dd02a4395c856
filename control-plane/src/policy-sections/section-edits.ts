import { canonical } from '@bir/sdk/contract/canonical'
import type { Sections } from './sections.ts'

type Members = Readonly<Record<string, unknown>>

/** What a file changes in these sections, a text each: entries of lists, members of objects, other values. */
export function sectionEdits(before: Sections, after: Sections): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort() as (keyof Sections)[]
  return names.flatMap((name) => memberEdits(name, membersOf(before[name]), membersOf(after[name])))
}

const isObject = (value: unknown): value is Members => typeof value === 'object' && value !== null && !Array.isArray(value)
const membersOf = (value: unknown): Members => (isObject(value) ? value : {})

function memberEdits(section: string, before: Members, after: Members): string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  return keys.flatMap((key) => {
    const [old, now] = [before[key], after[key]]
    if (canonical(old ?? null) === canonical(now ?? null)) return []
    const place = `${section}.${key}`
    if (Array.isArray(old ?? now)) return listEdits(place, Array.isArray(old) ? old : [], Array.isArray(now) ? now : [])
    if (isObject(old ?? now)) return objectEdit(place, old, now)
    return [`change ${place}: ${textOf(old)} -> ${textOf(now)}`]
  })
}

function listEdits(place: string, before: unknown[], after: unknown[]): string[] {
  const [old, now] = [before.map(textOf), after.map(textOf)]
  const edits = [
    ...now.filter((entry) => !old.includes(entry)).map((entry) => `add to ${place}: ${entry}`),
    ...old.filter((entry) => !now.includes(entry)).map((entry) => `remove from ${place}: ${entry}`),
  ]
  return edits.length > 0 ? edits : [`change ${place}: the same entries in another order`]
}

/** Names the members that changed, without their values. */
function objectEdit(place: string, before: unknown, after: unknown): string[] {
  if (before === undefined) return [`add ${place}`]
  if (after === undefined) return [`remove ${place}`]
  const [old, now] = [membersOf(before), membersOf(after)]
  const keys = [...new Set([...Object.keys(old), ...Object.keys(now)])].sort()
  return [`change ${place}: ${keys.filter((key) => canonical(old[key] ?? null) !== canonical(now[key] ?? null)).join(', ')}`]
}

const textOf = (value: unknown) => (value === undefined ? 'default' : typeof value === 'string' ? value : canonical(value))
