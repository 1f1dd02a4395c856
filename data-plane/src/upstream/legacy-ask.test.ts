import { expect, test } from 'vitest'
import { refusalOf } from './legacy-ask.ts'

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
] as const)('who declared %o and is asked %o refuses with %s', ([declared, ask, code]) => {
  expect(refusalOf(declared, { id: 1, ...ask })?.code).toBe(code)
})
