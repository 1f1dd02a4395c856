import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { NO_CLIENT_ROUND } from '../../server-kit/round.ts'
import { standaloneContext } from '../standalone/context.ts'
import charts from './index.ts'

const page = charts.resources.get('ui://charts/view')

async function html(): Promise<string> {
  const answer = await page?.read(
    standaloneContext({ server: charts, settings: {}, readSecret: async () => '' }, new AbortController().signal),
    NO_CLIENT_ROUND,
  )
  if (!answer || !('contents' in answer)) throw new Error('no page')
  const [content] = answer.contents
  expect(content).toMatchObject({ uri: 'ui://charts/view', mimeType: 'text/html;profile=mcp-app' })
  return content && 'text' in content ? content.text : ''
}

/** Runs the page's script in a host: the messages that it posts, and the state of its two elements. */
async function runInHost() {
  const script = /<script>(.*)<\/script>/s.exec(await html())?.[1] ?? ''
  const posted: { id?: number; method?: string }[] = []
  const picture = { hidden: true, src: '', alt: '' }
  const words = { hidden: false, textContent: '' }
  let listener: (event: object) => void = () => undefined
  const parent = { postMessage: (message: object) => void posted.push(message) }
  const document = {
    documentElement: { scrollWidth: 300, scrollHeight: 200 },
    getElementById: (id: string) => (id === 'picture' ? picture : words),
  }
  runInNewContext(script, { document, window: { parent, addEventListener: (_: string, added: typeof listener) => (listener = added) } })
  const send = (data: object, source: object = parent) => listener({ source, data: { jsonrpc: '2.0', ...data } })
  return {
    posted,
    picture,
    words,
    send,
    result: (...content: object[]) => send({ method: 'ui/notifications/tool-result', params: { content } }),
  }
}

test('the page sends ui/initialize, and ui/notifications/initialized after the host has answered', async () => {
  const { posted, send } = await runInHost()
  expect(posted).toMatchObject([{ id: 1, method: 'ui/initialize', params: { protocolVersion: '2026-01-26' } }])
  send({ id: 1, result: {} }, {})
  expect(posted).toHaveLength(1)
  send({ id: 1, result: {} })
  expect(posted[1]).toMatchObject({ method: 'ui/notifications/initialized' })
})

const sentence = { type: 'text', text: 'bar chart of 2 rows, 300 × 200 px.' }

test('the page displays the image of an answer with its sentence as alternative text, and reports its size', async () => {
  const { posted, picture, words, result } = await runInHost()
  result(sentence, { type: 'image', data: 'iVBORw==', mimeType: 'image/png' })
  expect(picture).toMatchObject({ hidden: false, src: 'data:image/png;base64,iVBORw==', alt: sentence.text })
  expect(words.hidden).toBe(true)
  expect(posted.at(-1)).toMatchObject({ method: 'ui/notifications/size-changed', params: { width: 300, height: 200 } })
})

test('markup becomes an image and never part of the page; an answer without a drawing is displayed as text', async () => {
  const { picture, words, result } = await runInHost()
  result(sentence, { type: 'text', text: '<svg onload="x()"/>' })
  expect(picture.src).toBe('data:image/svg+xml,%3Csvg%20onload%3D%22x()%22%2F%3E')
  result({ type: 'text', text: 'invalid_input: no such column' })
  expect([picture.hidden, words]).toEqual([true, { hidden: false, textContent: 'invalid_input: no such column' }])
})

test('the tools that draw name the view, and the page refers to nothing outside itself', async () => {
  const named = [...charts.tools.values()].filter(
    ({ entry }) => JSON.stringify(entry._meta) === '{"ui":{"resourceUri":"ui://charts/view"}}',
  )
  expect(named.map(({ name }) => name)).toEqual(['create_chart', 'render_vega_lite'])
  expect(await html()).not.toMatch(/https?:|\bsrc=|\bhref=|fetch\(/)
})
