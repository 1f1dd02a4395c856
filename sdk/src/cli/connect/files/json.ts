import { z } from 'zod'
import type { Entry } from '../clients/mcp-client.ts'
import { Unchangeable } from './change.ts'
import type { Change, FileFormat } from './change.ts'

const Json = z.record(z.string(), z.unknown())
const Items = z.array(z.unknown())

/** Plain JSON: a comment would be lost, so a file that has some is left alone. */
export const jsonFile: FileFormat = {
  print: ({ section, name, entry, lists }) => JSON.stringify({ [section]: { [name]: entry }, ...lists }, undefined, 2),
  apply(change, text) {
    const { section, name, entry } = change
    const root = text === undefined ? {} : rootOf(text)
    const entries = root[section] === undefined ? {} : Json.safeParse(root[section]).data
    if (!entries) throw new Unchangeable(`"${section}" in it is not an object`)
    const changed = { ...root, [section]: { ...entries, [name]: entry }, ...listsOf(change, root) }
    return `${JSON.stringify(changed, undefined, indentOf(text))}\n`
  },
}

function listsOf({ lists }: Change, root: Record<string, unknown>): Record<string, unknown[]> {
  return Object.fromEntries(
    Object.entries(lists).map(([key, added]) => {
      const items = root[key] === undefined ? [] : Items.safeParse(root[key]).data
      if (!items) throw new Unchangeable(`"${key}" in it is not a list`)
      return [key, [...items.filter((item) => !added.some((other) => isSame(item, other))), ...added]]
    }),
  )
}

const isSame = (item: unknown, { id }: Entry) => Json.safeParse(item).data?.['id'] === id

function rootOf(text: string): Record<string, unknown> {
  const withoutBom = text.replace(/^\uFEFF/, '')
  if (withoutBom.trim() === '') return {}
  const root = Json.safeParse(parse(withoutBom))
  if (!root.success) throw new Unchangeable('it holds no object')
  return root.data
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Unchangeable(`it is not plain JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}

const indentOf = (text: string | undefined): string | number => /^\{\r?\n([ \t]+)"/.exec(text ?? '')?.[1] ?? 2
