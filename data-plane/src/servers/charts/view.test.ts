import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { NO_CLIENT_ROUND } from '../../server-kit/round.ts'
import { aloneContext } from '../standalone/context.ts'
import charts from './index.ts'

const page = charts.resources.get('ui://charts/view')

async function html(): Promise<string> {
  const answer = await page?.read(
    aloneContext({ server: charts, settings: {}, readSecret: async () => '' }, new AbortController().signal),
    NO_CLIENT_ROUND,
  )
  if (!answer || !('contents' in answer)) throw new Error('no page')
  const [content] = answer.contents
  expect(content).toMatchObject({ uri: 'ui://charts/view', mimeType: 'text/html;profile=mcp-app' })
  return content && 'text' in content ? content.text : ''
}

/** The page in a host: what it says to it, and what becomes of its two elements. */
async function shownIn() {
  const script = /<script>(.*)<\/script>/s.exec(await html())?.[1] ?? ''
  const told: { id?: number; method?: string }[] = []
  const picture = { hidden: true, src: '', alt: '' }
  const words = { hidden: false, textContent: '' }
  let listener: (event: object) => void = () => undefined
  const parent = { postMessage: (message: object) => void told.push(message) }
  const document = {
    documentElement: { scrollWidth: 300, scrollHeight: 200 },
    getElementById: (id: string) => (id === 'picture' ? picture : words),
  }
  runInNewContext(script, { document, window: { parent, addEventListener: (_: string, heard: typeof listener) => (listener = heard) } })
  const say = (data: object, source: object = parent) => listener({ source, data: { jsonrpc: '2.0', ...data } })
  return {
    told,
    picture,
    words,
    say,
    result: (...content: object[]) => say({ method: 'ui/notifications/tool-result', params: { content } }),
  }
}

test('it introduces itself, and says that it is ready once the host has answered', async () => {
  const { told, say } = await shownIn()
  expect(told).toMatchObject([{ id: 1, method: 'ui/initialize', params: { protocolVersion: '2026-01-26' } }])
  say({ id: 1, result: {} }, {})
  expect(told).toHaveLength(1)
  say({ id: 1, result: {} })
  expect(told[1]).toMatchObject({ method: 'ui/notifications/initialized' })
})

const sentence = { type: 'text', text: 'bar chart of 2 rows, 300 × 200 px.' }

test('it shows the image of an answer, described in words, and tells how much room it takes', async () => {
  const { told, picture, words, result } = await shownIn()
  result(sentence, { type: 'image', data: 'iVBORw==', mimeType: 'image/png' })
  expect(picture).toMatchObject({ hidden: false, src: 'data:image/png;base64,iVBORw==', alt: sentence.text })
  expect(words.hidden).toBe(true)
  expect(told.at(-1)).toMatchObject({ method: 'ui/notifications/size-changed', params: { width: 300, height: 200 } })
})

test('markup is a picture and never part of the page; an answer without a drawing is shown in its words', async () => {
  const { picture, words, result } = await shownIn()
  result(sentence, { type: 'text', text: '<svg onload="x()"/>' })
  expect(picture.src).toBe('data:image/svg+xml,%3Csvg%20onload%3D%22x()%22%2F%3E')
  result({ type: 'text', text: 'invalid_input: no such column' })
  expect([picture.hidden, words]).toEqual([true, { hidden: false, textContent: 'invalid_input: no such column' }])
})

test('the tools that draw name it, and it holds no address of anything else', async () => {
  const named = [...charts.tools.values()].filter(
    ({ entry }) => JSON.stringify(entry._meta) === '{"ui":{"resourceUri":"ui://charts/view"}}',
  )
  expect(named.map(({ name }) => name)).toEqual(['create_chart', 'render_vega_lite'])
  expect(await html()).not.toMatch(/https?:|\bsrc=|\bhref=|fetch\(/)
})
