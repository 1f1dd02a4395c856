import { hasSqlDetails, loadModule, parseSync, scanSync } from 'libpg-query'
import { Places } from './places.ts'
import { prune } from './prune.ts'

/** What the parser process sends: `ready` once at its start, then one answer for each text. */
export type ParserAnswer =
  | { kind: 'ready' }
  | { kind: 'parsed'; statements: unknown[]; words: string[] }
  | { kind: 'syntax'; message: string; position: number }
  | { kind: 'too-complex' }
  /** The parser has crashed. Its memory may be damaged, so the process must be replaced. */
  | { kind: 'broken' }

function parse(text: string): ParserAnswer {
  try {
    const statements = (parseSync(text).stmts ?? []).map(({ stmt }) => stmt)
    const { tokens } = scanSync(text)
    if (!prune(statements, new Places(tokens))) return { kind: 'too-complex' }
    const words = tokens.filter(({ tokenName }) => tokenName === 'IDENT')
    return { kind: 'parsed', statements, words: words.map(({ text }) => text) }
  } catch (error) {
    if (hasSqlDetails(error)) return { kind: 'syntax', message: error.message, position: error.sqlDetails?.cursorPosition ?? 0 }
    return { kind: 'broken' }
  }
}

const send = (answer: ParserAnswer) => process.send?.(answer)

await loadModule()
process.on('message', (text: string) => send(parse(text)))
process.on('disconnect', () => process.exit())
send({ kind: 'ready' })
