import { expect, test } from 'vitest'
import { PolicyFile } from './policy-file.ts'

const faultsOf = (server: object) => {
  const { error } = PolicyFile.safeParse({ servers: { everything: { kind: 'remote', url: 'https://tools.example.com/mcp', ...server } } })
  return (error?.issues ?? []).map(({ path, message }) => [path.slice(2).join('.'), message])
}
const reserved = 'the gateway writes this header itself'
const credential = 'looks like a credential: keep it as a secret and write { secret: <name> }'
const odd = 'an address has no spaces, line breaks, backslashes or characters beyond ASCII: encode them'
const unprintable = 'a header value has no line breaks, control characters or characters beyond Latin-1'

test.for([
  {},
  { headers: { 'X-Team': 'platform', Authorization: { secret: 'everything-token' }, Cookie: { secret: 'c' } } },
  {
    headers: { 'User-Agent': 'gateway/1' },
    era: 'legacy',
    trust: 'hold',
    callTimeoutMs: 1000,
    maxResponseBytes: 4096,
    privateNetwork: false,
  },
  { url: 'http://127.0.0.1:3001/mcp?team=a', title: 'Everything', tools: { echo: { level: 'read' } } },
])('%j is accepted as a remote server', (server) => {
  expect(faultsOf(server)).toEqual([])
})

test.for([
  [{ headers: { Host: 'a' } }, 'headers.Host', reserved],
  [{ headers: { connection: 'a' } }, 'headers.connection', reserved],
  [{ headers: { 'Transfer-Encoding': 'a' } }, 'headers.Transfer-Encoding', reserved],
  [{ headers: { 'Content-Type': 'a' } }, 'headers.Content-Type', reserved],
  [{ headers: { 'Mcp-Session-Id': { secret: 'a' } } }, 'headers.Mcp-Session-Id', reserved],
  [{ headers: { 'mcp-protocol-version': 'a' } }, 'headers.mcp-protocol-version', reserved],
  [{ headers: { 'X-Forwarded-For': 'a' } }, 'headers.X-Forwarded-For', reserved],
  [{ headers: { 'X-Team': 'a\r\nHost: b' } }, 'headers.X-Team', unprintable],
  [{ headers: { 'X-Team': 'a\u0000' } }, 'headers.X-Team', unprintable],
  [{ headers: { 'X-Team': 'пётр' } }, 'headers.X-Team', unprintable],
  [{ headers: { Authorization: 'Bearer x' } }, 'headers.Authorization', credential],
  [{ headers: { 'Private-Token': 'x' } }, 'headers.Private-Token', credential],
  [{ headers: { 'X-Api-Key': 'x' } }, 'headers.X-Api-Key', credential],
  [{ headers: { Cookie: 'a=b' } }, 'headers.Cookie', credential],
  [{ headers: { 'X-Team': 'Bearer abc' } }, 'headers.X-Team', credential],
  [{ headers: { 'X-Team': 'a', 'x-team': 'b' } }, 'headers.x-team', 'the same header is given twice'],
  [{ url: 'https://me:pw@tools.example.com/mcp' }, 'url', 'holds a credential: send it as a header instead, { secret: <name> }'],
  [
    { url: 'https://tools.example.com/mcp?api_key=1' },
    'url',
    'its parameter api_key looks like a credential: send it as a header instead, { secret: <name> }',
  ],
  [{ url: 'file:///etc/passwd' }, 'url', 'must be an http or https address'],
  [{ url: 'https://tools.example.com/mcp#x' }, 'url', 'an address has no fragment'],
  [{ url: 'https:///mcp' }, 'url', 'must be an http or https address'],
  [{ url: 'tools.example.com/mcp' }, 'url', 'must be an http or https address'],
  [{ url: 'https://tools.example.com/m cp' }, 'url', odd],
  [{ url: 'https://tools.example.com/mcp\r\nHost: b' }, 'url', odd],
  [{ url: 'https://tools.example.com\\mcp' }, 'url', odd],
  [{ url: `https://tools.example.com/${'a'.repeat(2048)}` }, 'url', 'an address has 2048 characters at most'],
  [{ headers: { 'X-Team': 5 } }, 'headers.X-Team', 'is text, or { secret: <name> }'],
  [
    { headers: { 'X-Team': { secret: '..' } } },
    'headers.X-Team.secret',
    'the name of a secret is 1-128 of A-Z a-z 0-9 . _ -, and not dots alone',
  ],
] as const)('%j is refused at %s', ([server, path, message]) => {
  expect(faultsOf(server)).toEqual([[path, message]])
})

test.for([
  [{ settings: {} }, 'Unrecognized key'],
  [{ kind: 'mounted', settings: {} }, 'Unrecognized key'],
  [{ kind: 'hosted' }, 'kind is mounted or remote'],
  [{ headers: { 'a b': 'x' } }, 'Invalid key'],
] as const)('%j is refused for a remote server', ([server, word]) => {
  expect(JSON.stringify(faultsOf(server))).toContain(word)
})
