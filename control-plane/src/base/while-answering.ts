import { DatabaseSilent } from './outage.ts'

/** Runs work that needs the database. Rejects with `DatabaseSilent` once the database is known to answer nothing. */
export type WhileAnswering = <T>(work: () => Promise<T>) => Promise<T>

const lookEveryMs = 250

/**
 * A database that hangs refuses nothing, so a request would wait for as long as its client does. What was begun is not
 * ended, because nobody can: it may still happen when the database goes on, and the error says so.
 */
export function whileAnswering(isSilent: () => boolean): WhileAnswering {
  const waiting = new Set<(error: Error) => void>()
  let timer: NodeJS.Timeout | undefined

  const look = () => {
    if (isSilent()) for (const reject of waiting) reject(new DatabaseSilent(true))
  }
  const leave = (reject: (error: Error) => void) => {
    waiting.delete(reject)
    if (waiting.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
  return (work) => {
    if (isSilent()) return Promise.reject(new DatabaseSilent(false))
    return new Promise((resolve, reject) => {
      waiting.add(reject)
      timer ??= setInterval(look, lookEveryMs).unref()
      work()
        .then(resolve, reject)
        .finally(() => leave(reject))
    })
  }
}
