import { ToolError } from '@bir/sdk/contract/errors'
import { checkAllowed } from './allow.ts'
import type { Mentions } from './allow.ts'
import { parse } from './parser/parse.ts'
import { readSelect } from './resolve/select.ts'
import { checkShape } from './shape.ts'
import type { Column, KnownTable, KnownTables } from './resolve/tables.ts'
import { asKind } from './syntax/tree.ts'
import { checkWords } from './tripwire.ts'

/** A statement of an accepted form (steps 1 to 5), before anything is asked of the database. */
export interface Statement extends Mentions {
  text: string
  tree: unknown
  words: string[]
}

/** What a statement reads and brings back. */
export interface Verdict {
  tables: KnownTable[]
  /** Output columns in order; `*` is expanded. */
  outputs: Column[]
}

export async function readStatement(text: string, params: readonly unknown[], functions: readonly string[]): Promise<Statement> {
  checkShape(text, params)
  const { statement, words } = await parse(text)
  const mentions = checkAllowed(statement, new Set(functions))
  if (mentions.params !== params.length)
    throw new ToolError('invalid_input', `The statement has ${mentions.params} parameters, and params ${params.length} values.`, {
      hint: 'Give one value for each of $1, $2, … in order.',
    })
  return { text, tree: statement, words, ...mentions }
}

/** Steps 6 and 7: every table and column resolved as PostgreSQL will, against what the person may read. Refuses by throwing. */
export function judge(statement: Statement, known: KnownTables, pinnedSchema: string): Verdict {
  const used = new Set<KnownTable>()
  const resolved = new Set<string>()
  const reading = { known, pinnedSchema, used, resolved, fromItems: 0, select: readSelect }
  const outputs = readSelect(asKind(statement.tree, 'SelectStmt') ?? {}, { ctes: undefined, outer: undefined, reading })
  checkWords(statement.words, statement.understood, resolved)
  return { tables: [...used], outputs }
}
