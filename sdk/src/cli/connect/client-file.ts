import { chmod, copyFile, mkdir, readFile, realpath, rename, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { EXIT } from '../base/exit.ts'
import { CliFault } from '../base/fault.ts'
import type { McpClient } from './mcp-clients.ts'

const Json = z.record(z.string(), z.unknown())
type Json = z.infer<typeof Json>

export interface WriteResult {
  file: string
  /** The file with the former content. Undefined when there was none, or nothing changed. */
  backup: string | undefined
  changed: boolean
}

/**
 * Puts one entry into a client's file and leaves everything else
 * as it is. Throws `CliFault` when the file is not plain JSON.
 */
export async function writeEntry(
  path: string,
  { section, name, entry, secret, nowMs }: { section: McpClient['section']; name: string; entry: Json; secret: boolean; nowMs: number },
): Promise<WriteResult> {
  const file = await realpath(path).catch(() => path)
  const oldText = await textOf(file)
  const root = oldText === undefined ? {} : rootOf(oldText, file)
  const entries = root[section] === undefined ? {} : Json.safeParse(root[section]).data
  if (!entries) throw refuse(file, `"${section}" in it is not an object`)

  const newText = `${JSON.stringify({ ...root, [section]: { ...entries, [name]: entry } }, undefined, indentOf(oldText))}\n`
  if (newText === oldText) return { file, backup: undefined, changed: false }

  const backup = oldText === undefined ? undefined : `${file}.backup-${new Date(nowMs).toISOString().replaceAll(/[:.]/g, '-')}`
  try {
    await mkdir(dirname(file), { recursive: true })
    if (backup) await copyFile(file, backup)
    await replace(file, newText, secret)
  } catch (cause) {
    throw new CliFault('bad_file', `${file} cannot be written.`, { exit: EXIT.badInput, cause })
  }
  return { file, backup, changed: true }
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw new CliFault('bad_file', `${file} cannot be read.`, { exit: EXIT.badInput, cause })
  }
}

function rootOf(text: string, file: string): Json {
  const withoutBom = text.replace(/^\uFEFF/, '')
  if (withoutBom.trim() === '') return {}
  const root = Json.safeParse(parse(withoutBom, file))
  if (!root.success) throw refuse(file, 'it holds no object')
  return root.data
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw refuse(file, `it is not plain JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}

const refuse = (file: string, why: string) =>
  new CliFault('bad_file', `${file} was left as it is (${why}): correct it, or leave out --write and paste the entry.`, {
    exit: EXIT.badInput,
  })

const indentOf = (text: string | undefined): string | number => /^\{\r?\n([ \t]+)"/.exec(text ?? '')?.[1] ?? 2

/**
 * Writes another file and renames it, so that a client never reads
 * half a file. With a token in it, only its owner can read it.
 */
async function replace(file: string, text: string, secret: boolean): Promise<void> {
  const mode = await stat(file).then(
    (stats) => stats.mode & 0o777,
    () => 0o644,
  )
  const newFile = `${file}.${process.pid}.new`
  await writeFile(newFile, text, { mode: 0o600 })
  await chmod(newFile, secret ? 0o600 : mode)
  await rename(newFile, file)
}
