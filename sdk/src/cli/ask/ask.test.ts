import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { askOn } from './ask.ts'

/** A stand-in for a terminal: what is typed, what is written, and whether the system would show typed characters. */
function aTerminal() {
  const raw: boolean[] = []
  const input = Object.assign(new PassThrough(), { setRawMode: (on: boolean) => raw.push(on) })
  const written: { text: string; isRaw: boolean }[] = []
  const ask = askOn(input, (text) => written.push({ text, isRaw: raw.at(-1) === true }))
  return { input, written, raw, ask }
}

test('a secret is read without an echo, and the terminal is as before afterwards', async () => {
  const { input, written, raw, ask } = aTerminal()
  const answer = ask.hidden('Token: ', { lines: false })
  input.write('s3cret\r')
  expect(await answer).toBe('s3cret')
  expect(raw).toEqual([true, false])
  // Nothing that is typed once the question stands there is shown.
  expect(written).toEqual([
    { text: 'Token: \u001B[?2004h', isRaw: true },
    { text: '\u001B[?2004l\n', isRaw: false },
  ])
})

test('Ctrl-C gives up, and the terminal is as before', async () => {
  const { input, raw, ask } = aTerminal()
  const answer = ask.hidden('Token: ', { lines: false })
  input.write('s3cr\u0003')
  await expect(answer).rejects.toThrow('Stopped: nothing was sent or saved.')
  expect(raw).toEqual([true, false])
})

test('several questions are asked in turn, and a terminal that goes away ends the last', async () => {
  const { input, ask } = aTerminal()
  const first = ask.hidden('User: ', { lines: false })
  input.write('bob\r')
  expect(await first).toBe('bob')
  const second = ask.hidden('Key: ', { lines: false })
  input.end('half')
  expect(await second).toBe('half')
})

test.for([
  ['y\n', true],
  ['YES\n', true],
  ['\n', false],
  ['yesterday\n', false],
] as const)('the answer %j to a question', async ([typed, expected]) => {
  const { input, ask, raw } = aTerminal()
  const answer = ask.confirm('Destroy it?')
  input.write(typed)
  expect(await answer).toBe(expected)
  expect(raw).toEqual([])
})
