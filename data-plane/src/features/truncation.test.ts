import { expect, test } from 'vitest'
import { between, everyPair } from '../testing/fidelity.ts'

const said = (text: string, more = '') => `{"type":"text","text":"${text}"${more}}`
const embedded = (text: string) => `{"type":"resource","resource":{"uri":"x:y","text":"${text}","n":1.0}}`
const blob = `{"type":"resource","resource":{"uri":"x:b","blob":"${'A'.repeat(4000)}"}}`
const a = 'a'.repeat(900)
const b = 'b'.repeat(200)
const note = (after: string) => `${'b'.repeat(100)}\\n[cut: 100 of 200 characters${after} are missing]`
const one = ' and 1 text after them'

/** What a server says, and what of it is left of 1,000 characters: what was not cut stands as it was written. */
const rows = [
  {
    method: 'tools/call',
    says: `{"content":[${said(a, ',"p":0.10')}, ${blob}, ${embedded(b)}, ${said('c')}],"n" : 12345678901234567890`,
    left: `{"content":[${said(a, ',"p":0.10')},${blob},${embedded(note(one))}],"n":12345678901234567890`,
  },
  {
    method: 'resources/read',
    says: `{"contents":[{"uri":"x:y","text":"${a}"},{"uri":"x:y","text":"${b}","_meta":{"n":1.0}},{"uri":"x:z","blob":"${'A'.repeat(4000)}"}]`,
    left: `{"contents":[{"uri":"x:y","text":"${a}"},{"uri":"x:y","text":"${note('')}","_meta":{"n":1.0}},{"uri":"x:z","blob":"${'A'.repeat(4000)}"}]`,
  },
  {
    method: 'prompts/get',
    says: `{"messages":[{"role":"user","content":${said(a)}},{"role":"user","content":${embedded(b)}},{"role":"assistant","content":${said('c')}}],"n":1.0`,
    left: `{"messages":[{"role":"user","content":${said(a)}},{"role":"user","content":${embedded(note(one))}}],"n":1.0`,
  },
] as const

const onAggregate = (json: string) => json.replaceAll(/"uri":"(x:.)"/g, '"uri":"mcp+things:$1"')

test.for(rows.flatMap((row) => everyPair.map((pair) => ({ ...row, ...pair }))))(
  'of $method at a $server server, $how, a $client client at $path gets as much text as a model may read',
  async ({ method, says, left, ...pair }) => {
    await using both = await between(pair, { truncateChars: 1000 })
    both.upstream.say({ answer: `"result":${says}}` })
    const [answer = ''] = (await both.caller.call({ method, params: '"arguments":{}', meta: '"n":1' })).slice(-1)
    expect(answer).toContain(pair.path === '/mcp' ? onAggregate(left) : left)
  },
)
