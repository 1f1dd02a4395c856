import { createHash } from 'node:crypto'
import { z } from 'zod'

/** The key of an item in its list, which no other item ever has. */
export type ItemId = number | string

const markChars = 7

/**
 * A short name of an item for a cursor, 40 bits of a hash: a new item is taken for one of the 400 that a cursor may
 * hold once in two billion. So cursors are short, however long the keys of a list are.
 */
export const markOf = (id: ItemId): string =>
  createHash('sha256')
    .update(`${typeof id} ${id}`)
    .digest('base64url')
    .slice(0, markChars)

/** Marks in a cursor, one after the other. */
export const Marks = (max: number) =>
  z
    .string()
    .max(max * markChars)
    .regex(new RegExp(`^([\\w-]{${markChars}})*$`))

export const readMarks = (marks: string): string[] => marks.match(/.{7}/g) ?? []

/** The last `max` of them. */
export const writeMarks = (marks: Iterable<string>, max: number): string => [...marks].slice(-max).join('')
