import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { isMap, isNode, isPair, isScalar, LineCounter, parseDocument, visit } from 'yaml'
import type { Document, Node, YAMLError } from 'yaml'
import type { z } from 'zod'
import { PolicyFile } from '../../contract/policy-file.ts'
import { faultWords } from '../../contract/schema-faults.ts'
import { EXIT } from '../base/exit.ts'
import { CliFault, codeOf } from '../base/fault.ts'
import type { FileFault } from '../base/fault.ts'
import type { Environment } from '../base/environment.ts'

/** A policy file, and the place of each of its parts in the text. */
export interface PolicySource {
  policy: PolicyFile
  name: string
  placeOf(path: readonly PropertyKey[]): Place
}

type Place = Pick<FileFault, 'line' | 'column'>

/** Reads and checks a policy file; `-` is stdin. Throws `CliFault` with every fault and its line. */
export async function readPolicy(file: string, environment: Pick<Environment, 'cwd' | 'readStdin'>): Promise<PolicySource> {
  return parsePolicy(await textOf(file, environment), file === '-' ? 'stdin' : file)
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
  const lost = lostKeys(document)
  if (lost.length > 0)
    throw notAPolicy(
      name,
      lost.map((offset) => ({ ...at(offset), path: '__proto__', message: 'is not a known key' })),
    )
  const value = valueOf(document)
  if (value === undefined) throw notAPolicy(name, [{ ...at(0), path: '', message: 'an alias in it stands for too much' }])
  if (value === null) throw notAPolicy(name, [{ ...at(0), path: '', message: 'it is empty' }])

  const parsed = PolicyFile.safeParse(value)
  if (parsed.success) return { policy: parsed.data, name, placeOf: (path) => at(offsetOf(document, path)) }
  const faults = parsed.error.issues.flatMap(leavesOf).map(({ path, message, ofKey }) => ({
    ...at(offsetOf(document, path, ofKey)),
    path: pathText(path),
    message: path.length === 0 || document.hasIn(path) || message === 'is missing' ? message : `is missing: ${message}`,
  }))
  throw notAPolicy(name, faults)
}

/** A fault of the whole file. Its faults are sorted by line. */
export const notAPolicy = (name: string, faults: FileFault[], cause?: unknown) =>
  new CliFault('bad_file', `${name} is not a policy:`, {
    exit: EXIT.badInput,
    file: name,
    faults: faults.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)),
    cause,
  })

/** Where the document has the key `__proto__`. A schema leaves out what it names, without a fault. */
function lostKeys(document: Document): number[] {
  const offsets: number[] = []
  visit(document, {
    Pair(_, { key }) {
      if (isScalar(key) && key.value === '__proto__') offsets.push(startOf(key) ?? 0)
    },
  })
  return offsets
}

/**
 * The value of the document. Undefined when its aliases multiply
 * too far (a "billion laughs"): then the parser throws.
 */
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
  /** The fault is in the key itself, not in its value. */
  ofKey?: boolean
}

/** zod groups some faults under one issue. This lists each of them with its own place. */
function leavesOf(issue: z.core.$ZodIssue): Leaf[] {
  const { path, message } = issue
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: [...path, key], message: 'is not a known key', ofKey: true }))
  if (issue.code === 'invalid_key') return issue.issues.map((inner) => ({ path, message: faultWords(inner) }))
  if (issue.code !== 'invalid_union') return [{ path, message: faultWords(issue) }]
  // The alternative that fits in part is the one that the author meant.
  const intended = issue.errors.find((issues) => issues.some((inner) => inner.path.length > 0))
  if (intended) return intended.flatMap(leavesOf).map((leaf) => ({ ...leaf, path: [...path, ...leaf.path] }))
  const [first] = message === 'Invalid input' ? issue.errors : []
  return first?.length
    ? first.map((inner) => ({ path: [...path, ...inner.path], message: faultWords(inner) }))
    : [{ path, message: faultWords(issue) }]
}

/**
 * The offset of a path in the text. A missing path has the offset of
 * its nearest parent; a value over several lines, that of its key.
 */
function offsetOf(document: Document, path: readonly PropertyKey[], ofKey = false): number {
  for (let length = path.length; length > 0; length--) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true)
    const offset = isMap(parent) ? pairOffset(parent.items, path[length - 1], ofKey) : startOf(document.getIn(path.slice(0, length), true))
    if (offset !== undefined) return offset
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
