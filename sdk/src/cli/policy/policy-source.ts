import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { isMap, isNode, isPair, isScalar, LineCounter, parseDocument } from 'yaml'
import type { Document, Node, YAMLError } from 'yaml'
import type { z } from 'zod'
import { PolicyFile } from '../../contract/policy-file.ts'
import { EXIT } from '../base/exit.ts'
import { CliFault } from '../base/fault.ts'
import type { FileFault } from '../base/fault.ts'
import type { Environment } from '../base/environment.ts'

/** A policy, and where in its text each part of it stands. */
export interface PolicySource {
  policy: PolicyFile
  name: string
  placeOf(path: readonly PropertyKey[]): Place
}

type Place = Pick<FileFault, 'line' | 'column'>

/** A policy file, read and checked. `-` is stdin. Every fault is named at once, with its line. */
export async function readPolicy(file: string, around: Pick<Environment, 'cwd' | 'readStdin'>): Promise<PolicySource> {
  return parsePolicy(await textOf(file, around), file === '-' ? 'stdin' : file)
}

async function textOf(file: string, { cwd, readStdin }: Pick<Environment, 'cwd' | 'readStdin'>): Promise<string> {
  if (file === '-') return readStdin()
  try {
    return await readFile(resolve(cwd, file), 'utf8')
  } catch (cause) {
    throw new CliFault('bad_file', `${file} cannot be read (${codeOf(cause)}).`, { exit: EXIT.badInput, file, cause })
  }
}

export function parsePolicy(text: string, name: string): PolicySource {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { line, column: col }
  }

  if (document.errors.length > 0) {
    throw notAPolicy(
      name,
      document.errors.map((error) => ({ ...at(error.pos[0]), path: '', message: wordsOf(error) })),
    )
  }
  const value = valueOf(document)
  if (value === undefined) throw notAPolicy(name, [{ ...at(0), path: '', message: 'an alias in it stands for too much' }])
  if (value === null) throw notAPolicy(name, [{ ...at(0), path: '', message: 'it is empty' }])

  const parsed = PolicyFile.safeParse(value)
  if (parsed.success) return { policy: parsed.data, name, placeOf: (path) => at(offsetOf(document, path)) }
  const faults = parsed.error.issues.flatMap(leavesOf).map(({ path, message, ofKey }) => ({
    ...at(offsetOf(document, path, ofKey)),
    path: pathText(path),
    message: path.length === 0 || document.hasIn(path) ? message : `is missing: ${message}`,
  }))
  throw notAPolicy(name, faults)
}

/** Faults from top to bottom, as a person reads. */
export const notAPolicy = (name: string, faults: FileFault[], cause?: unknown) =>
  new CliFault('bad_file', `${name} is not a policy:`, {
    exit: EXIT.badInput,
    file: name,
    faults: faults.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)),
    cause,
  })

/** Aliases that multiply (a "billion laughs") are given up by the parser. */
function valueOf(document: Document): unknown {
  try {
    return document.toJS() as unknown
  } catch {
    return undefined
  }
}

interface Leaf {
  path: PropertyKey[]
  message: string
  /** The key is at fault, not what it holds. */
  ofKey?: boolean
}

/** zod gathers some faults under one issue; a person wants each where it stands. */
function leavesOf(issue: z.core.$ZodIssue): Leaf[] {
  const { path, message } = issue
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: [...path, key], message: 'is not a known key', ofKey: true }))
  if (issue.code === 'invalid_key') return issue.issues.map((inner) => ({ path, message: inner.message }))
  if (issue.code !== 'invalid_union') return [{ path, message }]
  // Whoever wrote part of one form meant that one.
  const meant = issue.errors.find((of) => of.some((inner) => inner.path.length > 0))
  if (meant) return meant.flatMap(leavesOf).map((leaf) => ({ ...leaf, path: [...path, ...leaf.path] }))
  const [first] = message === 'Invalid input' ? issue.errors : []
  return first?.length ? first.map((inner) => ({ path: [...path, ...inner.path], message: inner.message })) : [{ path, message }]
}

/** Where a path stands in the text; for one that is missing, its nearest holder. What spans lines is pointed at by its key. */
function offsetOf(document: Document, path: readonly PropertyKey[], ofKey = false): number {
  for (let length = path.length; length > 0; length--) {
    const holder = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true)
    const found = isMap(holder) ? pairOffset(holder.items, path[length - 1], ofKey) : startOf(document.getIn(path.slice(0, length), true))
    if (found !== undefined) return found
  }
  return startOf(document.contents) ?? 0
}

function pairOffset(items: readonly unknown[], key: PropertyKey | undefined, ofKey: boolean): number | undefined {
  const pair = items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(key))
  if (!isPair(pair)) return undefined
  return isScalar(pair.value) && !ofKey ? startOf(pair.value) : startOf(pair.key)
}

const startOf = (node: unknown): number | undefined => (isNode(node) ? (node as Node).range?.[0] : undefined)

const pathText = (path: readonly PropertyKey[]) =>
  path.map((key, at) => (typeof key === 'number' ? `[${key}]` : `${at > 0 ? '.' : ''}${String(key)}`)).join('')

const wordsOf = ({ code, message }: YAMLError) =>
  code === 'MULTIPLE_DOCS' ? 'a second document begins here; a policy is one' : (message.split('\n', 1)[0] ?? '')

const codeOf = (cause: unknown) => (cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreadable')
