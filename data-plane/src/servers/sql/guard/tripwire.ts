import { refused } from './syntax/refusal.ts'

/**
 * Step 7, apart from the walk: every name the lexer found in the text must be one the guard understood – an alias, a column, a
 * function, or a table it resolved. A table that the walk overlooked trips here. It asks nothing about what exists: a tripwire
 * on the names of closed tables would answer the question which tables there are (`select 1 as salaries`).
 */
export function checkWords(words: readonly string[], understood: ReadonlySet<string>, tables: ReadonlySet<string>): void {
  for (const word of words) {
    const name = folded(word)
    if (understood.has(name) || tables.has(name)) continue
    throw refused(`The name "${name}" could not be placed.`, 'Use a parameter for data, or rename it.')
  }
}

/** As PostgreSQL folds it. */
const folded = (word: string) =>
  word.startsWith('"') ? word.slice(1, -1).replaceAll('""', '"') : word.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
