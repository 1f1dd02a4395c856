import type { Death, Observer } from './supervised.ts'
import type { Terminal } from './terminal.ts'

/** A part that stays down is mentioned again after this many further deaths: every ten minutes at the longest pause. */
const mentionedEvery = 20

/**
 * Tells the person at the terminal what happens to the parts. Each death is told while the pauses grow, and afterwards
 * one of twenty, so that a part that is down for days does not fill the log.
 */
export function reportDeaths({ say, warn }: Pick<Terminal, 'say' | 'warn'>): Observer {
  const last = new Map<string, { deaths: number; retryMs: number; isTold: boolean }>()

  const isNews = (name: string, { deaths, retryMs }: Death) => {
    const before = last.get(name)
    return !before || retryMs !== before.retryMs || deaths - before.deaths >= mentionedEvery
  }

  return {
    died(name, death) {
      const before = last.get(name)
      if (before && !isNews(name, death)) return void last.set(name, { ...before, isTold: false })
      const { deaths, retryMs } = death
      last.set(name, { deaths, retryMs, isTold: true })
      const count = deaths === 1 ? '' : ` (death ${deaths} in a row)`
      warn(`${name} is down${count}: it is started again in ${retryMs / 1000} s, and the other parts go on. ${reasonOf(death)}`.trim())
    },
    back(name) {
      if (last.get(name)?.isTold) say(`${name} is back.`)
    },
    steady(name) {
      if (!last.get(name)?.isTold) say(`${name} is back, and has run for a minute.`)
      last.delete(name)
    },
  }
}

/** The first line says how it ended. The last line of its log often says why. */
function reasonOf({ lastWords }: Death): string {
  const lines = lastWords.split('\n').filter((line) => line.trim())
  return lines.length > 1 ? `${lines[0]} Its last words: ${lines.at(-1)}` : (lines[0] ?? '')
}
