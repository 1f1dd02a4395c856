import { ToolError } from '@bir/sdk/contract/errors'
import { checkAllowed } from './allow.ts'
import type { Mentions } from './allow.ts'
import { parse } from './parser/parse.ts'
import type { ParseAsker } from './parser/parse.ts'
import { readSelect } from './resolve/select.ts'
import { checkShape } from './shape.ts'
import type { Reading } from './resolve/scope.ts'
import type { Column, KnownTable, KnownTables } from './resolve/tables.ts'
import type { EditedText } from './rewrite/edit-text.ts'
import { rewrite } from './rewrite/rewrite.ts'
import type { Dialect } from './rewrite/rewrite.ts'
import { asKind } from './syntax/tree.ts'
import { checkWords } from './tripwire.ts'

/*
 * The guard decides whether a statement may run, and makes the text that is run in its place. In this order:
 *   1. shape.ts: limits on the text itself, before a parser reads it.
 *   2. parser/: PostgreSQL's own parser reads the text in a child process. Exactly one statement is accepted.
 *   3. allow.ts: every node of the tree, function, type and operator must be on an allow-list.
 *   4. resolve/: every table and column is resolved as PostgreSQL would, and must be open to the person.
 *   5. tripwire.ts: every name in the text must be one that steps 3 and 4 have read.
 *   6. rewrite/: each table with hidden or masked columns is replaced by a subquery that has only the open columns and
 *      computes the masks. So closed values stay closed even where step 4 is mistaken. Decision 0016 says more.
 *   7. plan.ts: PostgreSQL's plan must read nothing else than step 4 resolved. `planCheck` may turn this off.
 * Steps 1 to 3 need no database. Steps 4 to 7 run in the transaction that then runs the statement. Last of all,
 * postgres/run.ts checks that no column of the result comes straight from a closed column.
 */

/** A statement that has passed steps 1 to 3. */
export interface Statement extends Mentions {
  text: string
  tree: unknown
  /** Every name in the text that is not a keyword, as the lexer reads it. */
  words: string[]
}

/** What a statement reads and returns, and the text to send in its place. */
export interface Verdict extends EditedText {
  tables: KnownTable[]
  /** Output columns in order; `*` is expanded. */
  outputs: Column[]
  /** The masked columns whose masks the statement computes with. */
  usedMasks: string[]
}

/** Steps 1 to 3. Refuses by throwing. `functions` are those that the administrator has added to the allow-list. */
export async function readStatement(
  text: string,
  params: readonly unknown[],
  functions: readonly string[],
  asker: ParseAsker,
): Promise<Statement> {
  checkShape(text, params)
  const { statement, words } = await parse(text, asker)
  const mentions = checkAllowed(statement, new Set(functions))
  if (mentions.params !== params.length)
    throw new ToolError('invalid_input', `The statement has ${mentions.params} parameters, and params ${params.length} values.`, {
      hint: 'Give one value for each of $1, $2, … in order.',
    })
  return { text, tree: statement, words, ...mentions }
}

/**
 * Steps 4 to 6. Refuses by throwing. `pinnedSchema` is the schema of table names that are written without one.
 */
export function judge(statement: Statement, knownTables: KnownTables, pinnedSchema: string, dialect: Dialect): Verdict {
  const reading: Reading = {
    knownTables,
    pinnedSchema,
    usedTables: new Set(),
    tableNames: new Set(),
    references: { tables: [], qualifiedColumns: [], groupKeys: [] },
    usedMasks: new Set(),
    subqueryColumns: new Map(),
    fromItemCount: 0,
    select: readSelect,
  }
  const outputs = readSelect(asKind(statement.tree, 'SelectStmt') ?? {}, { ctes: undefined, outer: undefined, reading })
  checkWords(statement.words, statement.nonTableNames, reading.tableNames)
  const edited = rewrite(statement.text, reading.references, statement.bareFunctions, dialect)
  return { ...edited, tables: [...reading.usedTables], outputs, usedMasks: [...reading.usedMasks] }
}
