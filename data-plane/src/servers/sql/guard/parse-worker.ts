import { parentPort } from 'node:worker_threads'
import { hasSqlDetails, loadModule, parseSync, scanSync } from 'libpg-query'
import { reduce } from './reduce.ts'

export type WorkerAnswer =
  | { kind: 'ready' }
  | { kind: 'parsed'; statements: unknown[]; words: string[] }
  | { kind: 'syntax'; message: string; position: number }
  | { kind: 'too-complex' }
  | { kind: 'broken' }

function answerTo(text: string): WorkerAnswer {
  try {
    const statements = (parseSync(text).stmts ?? []).map(({ stmt }) => stmt)
    if (!reduce(statements)) return { kind: 'too-complex' }
    const words = scanSync(text).tokens.filter(({ tokenName }) => tokenName === 'IDENT')
    return { kind: 'parsed', statements, words: words.map(({ text }) => text) }
  } catch (error) {
    if (hasSqlDetails(error)) return { kind: 'syntax', message: error.message, position: error.sqlDetails?.cursorPosition ?? 0 }
    return { kind: 'broken' }
  }
}

await loadModule()
parentPort?.on('message', (text: string) => parentPort?.postMessage(answerTo(text)))
parentPort?.postMessage({ kind: 'ready' } satisfies WorkerAnswer)
