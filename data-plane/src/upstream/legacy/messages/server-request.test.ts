import { expect, test } from 'vitest'
import { mayAsk, refusalOf } from './server-request.ts'
import { aClient } from '../testing.ts'

const form = { method: 'elicitation/create', params: { message: 'm' } }
const url = { method: 'elicitation/create', params: { mode: 'url', url: 'https://example.com' } }
const sample = { method: 'sampling/createMessage', params: {} }
const tools = { method: 'sampling/createMessage', params: { tools: [] } }
const roots = { method: 'roots/list', params: {} }

test.for([
  [{}, form, -32601],
  [{ elicitation: {} }, form, undefined],
  [{ elicitation: {} }, url, -32602],
  [{ elicitation: { form: {} } }, form, undefined],
  [{ elicitation: { url: {} } }, form, -32602],
  [{ elicitation: { url: {} } }, url, undefined],
  [{ elicitation: { form: {}, url: {} } }, { ...form, params: { mode: 'hologram' } }, -32602],
  [{ elicitation: true }, form, -32601],
  [{}, sample, -32601],
  [{ sampling: {} }, sample, undefined],
  [{ sampling: {} }, tools, -32602],
  [{ sampling: { tools: {} } }, tools, undefined],
  [{}, roots, -32601],
  [{ roots: {} }, roots, undefined],
  [{ roots: {} }, { method: 'constructor', params: {} }, -32601],
  [{ roots: {} }, { method: 'tools/call', params: {} }, -32601],
] as const)('a client that declared %o refuses %o with %s', ([declared, ask, code]) => {
  const client = aClient({ capabilities: declared })
  expect(refusalOf({ person: 'alice', session: undefined, client }, ask)?.code).toBe(code)
})

test('a legacy client is asked what the gateway does not know, during any request but a list', () => {
  const ask = { method: 'vendor/ask', params: {} }
  const asker = { person: 'alice', session: 's1', client: aClient({ capabilities: {} }) }
  expect(refusalOf(asker, ask)).toBeUndefined()
  expect(refusalOf(asker, { ...ask, method: 'roots/list' })?.code).toBe(-32601)
  const methods = ['tools/call', 'completion/complete', 'vendor/do', 'tools/list']
  expect(methods.map((method) => mayAsk({ method, session: 's1' }))).toEqual([true, true, true, false])
  expect(methods.map((method) => mayAsk({ method, session: undefined }))).toEqual([true, false, false, false])
})
