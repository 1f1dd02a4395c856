import { expect, test } from 'vitest'
import { reportDeaths } from './report-deaths.ts'

test('a death is told with the part, how it ended, why, and when it is tried again', () => {
  const { lines, observer } = aReport()
  observer.died('The portal', { lastWords: 'It ended with code 1.\nlistening\ncannot-go-on: no memory', deaths: 1, retryMs: 100 })
  observer.back('The portal')
  observer.died('The portal', { lastWords: '', deaths: 2, retryMs: 200 })
  expect(lines).toEqual([
    'The portal is down: it is started again in 0.1 s, and the other parts go on. It ended with code 1. Its last words: cannot-go-on: no memory',
    'The portal is back.',
    'The portal is down (death 2 in a row): it is started again in 0.2 s, and the other parts go on.',
  ])
})

test('a part that is down for a day is mentioned every ten minutes, and its recovery is told', () => {
  const { lines, observer } = aReport()
  for (let deaths = 1; deaths <= 2_880; deaths++) {
    observer.died('The portal', { lastWords: 'no memory', deaths, retryMs: Math.min(100 * 2 ** (deaths - 1), 30_000) })
    observer.back('The portal')
  }
  expect(lines.filter((line) => line.includes('is down')).length).toBeLessThan(10 + 2_880 / 20 + 1)
  expect(lines.filter((line) => line.includes('is back')).length).toBeLessThan(10 + 2_880 / 20 + 1)
  observer.steady('The portal')
  expect(lines.at(-1)).toBe('The portal is back, and has run for a minute.')
  observer.died('The portal', { lastWords: 'no memory', deaths: 1, retryMs: 100 })
  expect(lines.at(-1)).toMatch(/^The portal is down: it is started again in 0\.1 s/)
})

function aReport() {
  const lines: string[] = []
  const add = (line: string) => void lines.push(line)
  return { lines, observer: reportDeaths({ say: add, warn: add }) }
}
