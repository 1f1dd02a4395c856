import { foldName } from './parser/places.ts'
import { refusal } from './syntax/refusal.ts'

/**
 * Checks that every name the lexer read in the text is one that the guard has read too: the name of a table it
 * resolved, or any other name in the tree. So a table that the walk overlooked is refused here.
 *
 * The check must not depend on which tables exist. A check against the names of closed tables would refuse `select 1
 * as salaries` only where a table salaries exists, and so tell that it exists.
 */
export function checkWords(words: readonly string[], nonTableNames: ReadonlySet<string>, tableNames: ReadonlySet<string>): void {
  for (const word of words) {
    const name = foldName(word)
    if (nonTableNames.has(name) || tableNames.has(name)) continue
    throw refusal(`The name "${name}" could not be placed.`, 'Use a parameter for data, or rename it.')
  }
}
