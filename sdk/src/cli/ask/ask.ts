import type { Ask } from '../base/environment.ts'
import { CliFault } from '../base/fault.ts'
import { TypedText } from './typed-text.ts'

/** The part of stdin that asking needs (`tty.ReadStream`). */
interface TerminalInput {
  setEncoding(encoding: 'utf8'): unknown
  setRawMode(raw: boolean): unknown
  on(event: 'data', listener: (piece: string) => void): unknown
  on(event: 'end', listener: () => void): unknown
  off(event: 'data', listener: (piece: string) => void): unknown
  off(event: 'end', listener: () => void): unknown
  resume(): unknown
  pause(): unknown
}

/** Has the terminal mark what is pasted, and no longer. */
const markPastes = '\u001B[?2004h'
const markNoPastes = '\u001B[?2004l'

/** Asks on a terminal. `write` writes there: to stderr, so that stdout holds the answer of the command alone. */
export function askOn(input: TerminalInput, write: (text: string) => void): Ask {
  input.setEncoding('utf8')
  return {
    async hidden(question, options) {
      const typed = new TypedText(options)
      // First: what is typed as soon as the question stands there must not be shown.
      input.setRawMode(true)
      write(`${question}${markPastes}`)
      try {
        const end = await read(input, (piece) => typed.take(piece))
        if (end === 'interrupted') throw new CliFault('interrupted', 'Stopped: nothing was sent or saved.')
        return typed.text
      } finally {
        input.setRawMode(false)
        write(`${markNoPastes}\n`)
      }
    },
    async confirm(question) {
      write(`${question} [y/N] `)
      let answer = ''
      await read(input, (piece) => {
        answer += piece
        return answer.includes('\n') ? 'done' : 'more'
      })
      return /^\s*y(es)?\s*$/i.test(answer)
    },
  }
}

/** Reads until `take` says that it is enough, or the input ends. */
function read<End extends string>(input: TerminalInput, take: (piece: string) => End | 'more'): Promise<End | 'ended' | 'more'> {
  return new Promise((resolve) => {
    const finish = (end: End | 'ended') => {
      input.off('data', onData)
      input.off('end', onEnd)
      input.pause()
      resolve(end)
    }
    const onData = (piece: string) => {
      const taken = take(piece)
      if (taken !== 'more') finish(taken)
    }
    const onEnd = () => finish('ended')
    input.on('data', onData)
    input.on('end', onEnd)
    input.resume()
  })
}
