import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isLoopbackRedirect, redirectTarget, redirectUriFault, redirectUriFormFault } from './redirect-uri.ts'

test.for([
  'https://claude.ai/api/mcp/auth_callback',
  'https://app.example:8443/callback?tenant=a%2Fb',
  'https://app.example',
  'https://app.example/',
  'http://127.0.0.1/callback',
  'http://127.0.0.1:33418/',
  'http://localhost:8787/callback',
  'http://[::1]:4000/callback',
  'cursor://anysphere.cursor-mcp/oauth/callback',
  'com.example.app:/oauth/callback',
  'vscode://vscode.github-authentication/did-authenticate',
  'vscode-insiders://vscode.github-authentication/did-authenticate',
  'windsurf://codeium.windsurf/callback',
  'zed://oauth/callback',
  'goose://oauth/callback',
  'claude://oauth/callback',
  'com.microsoft.app:/callback',
  'searchlight://callback',
])('a client may have the redirect URI %s', (uri) => {
  expect(redirectUriFormFault(uri)).toBeUndefined()
})

test.for([
  ['', 'holds a blank'],
  ['/callback', 'is no absolute URI'],
  ['app.example/callback', 'is no absolute URI'],
  ['//evil.example/callback', 'is no absolute URI'],
  ['http://app.example/callback', 'use https://'],
  ['http://127.0.0.1.evil.example/callback', 'use https://'],
  ['http://localhost.evil.example/callback', 'use https://'],
  ['http://127.0.0.2/callback', 'use https://'],
  ['http://2130706433/callback', 'use https://'],
  ['http://0/callback', 'use https://'],
  ['http://localhost@evil.example/callback', 'use https://'],
  ['http://127.0.0.1:80@evil.example/', 'use https://'],
  ['http:/\\evil.example', 'holds a backslash'],
  ['https://app.example\\@evil.example/', 'holds a backslash'],
  ['https://user@app.example/callback', 'names a user'],
  ['https://user:secret@app.example/callback', 'names a user'],
  ['https://@app.example/callback', 'names a user'],
  ['cursor://user@anysphere.cursor-mcp/callback', 'names a user'],
  ['https://app.example/callback#x', 'has a fragment'],
  ['https://app.example/callback#', 'has a fragment'],
  ['https://app.example/a/../callback', 'must be written as a browser writes it: https://app.example/callback'],
  ['https://app.example/a/%2e%2e/callback', 'must be written as a browser writes it'],
  ['https://app.example/a/.%2E/callback', 'must be written as a browser writes it'],
  ['https://app.example/./callback', 'must be written as a browser writes it'],
  ['https://app.example/..;/callback', 'dot segment'],
  ['cursor://anysphere/a/../callback', 'must be written as a browser writes it'],
  ['com.example.app:/a/../callback', 'must be written as a browser writes it'],
  ['https://app.example/a%2fcallback', 'has an encoded dot, slash'],
  ['https://app.example/a%5Ccallback', 'has an encoded dot, slash'],
  ['https://app.example/a%252fcallback', 'has an encoded dot, slash'],
  ['https://app.example/a%00', 'control character'],
  ['https://app.example/a%0d%0alocation:x', 'control character'],
  ['https://app.example/a%7F', 'control character'],
  ['https://app.example/a%2Ehtml', 'has an encoded dot'],
  ['https://app.example/%', 'encodes nothing'],
  ['https://app.example/%zz', 'encodes nothing'],
  ['https://app.example/\r\nlocation: x', 'control character'],
  ['https://app.example/a\tb', 'control character'],
  [' https://app.example/', 'holds a blank'],
  ['https://app.example/\0', 'control character'],
  ['https://аpp.example/', 'outside ASCII'],
  ['https://app.example/\u202e', 'outside ASCII'],
  ['HTTPS://app.example/', 'must be written as a browser writes it'],
  ['https://App.example/', 'must be written as a browser writes it'],
  ['https://app.example:443/', 'must be written as a browser writes it'],
  ['https:app.example/', 'must be written as a browser writes it'],
  ['https:///app.example/', 'must be written as a browser writes it'],
  ['https://0x7f.1/', 'must be written as a browser writes it'],
  ['HTTP://localhost/', 'use https://'],
  ['http://LOCALHOST/', 'use https://'],
  ['http://localhost:99999/', 'is no absolute URI'],
  ['javascript:alert(1)', 'has the scheme javascript:'],
  ['javascript://app.example/%0aalert(1)', 'has the scheme javascript:'],
  ['JavaScript:alert(1)', 'has the scheme javascript:'],
  ['data:text/html,<script>1</script>', 'has the scheme data:'],
  ['data://app.example/x', 'has the scheme data:'],
  ['file:///etc/passwd', 'has the scheme file:'],
  ['vbscript://x/y', 'has the scheme vbscript:'],
  ['blob:https://app.example/1', 'has the scheme blob:'],
  ['about:blank', 'has the scheme about:'],
  ['view-source:https://app.example/', 'has the scheme view-source:'],
  ['mailto:a@b.example', 'has the scheme mailto:'],
  ['urn:ietf:wg:oauth:2.0:oob', 'has the scheme urn:'],
  ['app:callback', 'has no path'],
  [`https://app.example/${'a'.repeat(2048)}`, 'is longer than 2048 characters'],
] as const)('no client may have the redirect URI %j', ([uri, fault]) => {
  expect(redirectUriFormFault(uri)).toContain(fault)
})

// What these do on Windows, macOS, Android or in a browser is not for a stranger to start.
test.for(
  [
    'ms-msdt',
    'ms-settings',
    'ms-officecmd',
    'ms-appinstaller',
    'ms-word',
    'MS-MSDT',
    'search',
    'search-ms',
    'shell',
    'microsoft.windows.camera',
  ]
    .concat(['ssh', 'sftp', 'telnet', 'ftp', 'ldap', 'smb', 'afp', 'vnc', 'rdp', 'mailto', 'tel', 'sms', 'callto', 'facetime'])
    .concat([
      'about',
      'chrome',
      'chrome-extension',
      'edge',
      'microsoft-edge',
      'view-source',
      'intent',
      'jar',
      'blob',
      'filesystem',
      'ws',
      'wss',
    ])
    .concat([
      'itms',
      'itms-services',
      'itms-apps',
      'market',
      'x-apple.systempreferences',
      'x-man-page',
      'applescript',
      'shortcuts',
      'web+x',
    ]),
)('no client may have the scheme %s, upon which a system acts', (scheme) => {
  for (const uri of [`${scheme}://x/callback`, `${scheme}:/x/callback`])
    expect(redirectUriFormFault(uri)).toMatch(/^has the scheme \S+: which/)
})

const client = {
  redirectUris: [
    'https://app.example/callback',
    'https://app.example/other?tenant=a',
    'http://127.0.0.1/callback',
    'http://localhost:3000/callback?a=b',
    'http://[::1]/',
    'cursor://anysphere.cursor-mcp/oauth/callback',
  ],
}

test.for([
  'https://app.example/callback',
  'https://app.example/other?tenant=a',
  'http://127.0.0.1/callback',
  'http://127.0.0.1:1/callback',
  'http://127.0.0.1:65535/callback',
  'http://localhost/callback?a=b',
  'http://localhost:8787/callback?a=b',
  'http://[::1]:5000/',
  'cursor://anysphere.cursor-mcp/oauth/callback',
])('the client is sent to %s', (uri) => {
  expect(redirectUriFault(client, uri)).toBeUndefined()
})

test.for([
  'https://app.example/callback/',
  'https://app.example/callback?',
  'https://app.example/callback?x=1',
  'https://app.example/callback#x',
  'https://app.example/Callback',
  'https://APP.example/callback',
  'HTTPS://app.example/callback',
  'http://app.example/callback',
  'https://app.example:443/callback',
  'https://app.example:8443/callback',
  'https://app.example/a/../callback',
  'https://app.example/%63allback',
  'https://app.example%2fcallback',
  'https://app.example/callback%20',
  'https://app.example/callback ',
  'https://app.example/callback\n',
  'https://app.example.evil.example/callback',
  'https://evil.example/?https://app.example/callback',
  'https://user@app.example/callback',
  'https://app.example@evil.example/callback',
  'https://app.example/other?tenant=b',
  'https://app.example/other?tenant=a&tenant=b',
  'https://127.0.0.1/callback',
  'http://127.0.0.1:0/callback',
  'http://127.0.0.1:00080/callback',
  'http://127.0.0.1:65536/callback',
  'http://127.0.0.1:/callback',
  'http://127.0.0.1:80:80/callback',
  'http://127.0.0.1:80@evil.example/callback',
  'http://127.0.0.1:3000/callback/../evil',
  'http://127.0.0.1:3000/callback#x',
  'http://127.0.0.1:3000/callback\n',
  'http://localhost:3000/callback',
  'http://localhost:3000/callback?a=c',
  'http://127.0.0.2:3000/callback',
  'http://127.1:3000/callback',
  'http://[::ffff:127.0.0.1]:3000/',
  'http://[0:0:0:0:0:0:0:1]:3000/',
  'http://localhost.:3000/callback?a=b',
  'http://LocalHost:3000/callback?a=b',
  'cursor://anysphere.cursor-mcp:1/oauth/callback',
  'cursor://anysphere.cursor-mcp/oauth/callback?x',
  'CURSOR://anysphere.cursor-mcp/oauth/callback',
  'javascript:alert(1)',
  '',
])('the client is not sent to %j', (uri) => {
  expect(redirectUriFault(client, uri)).toContain('none of those')
})

test('whatever is asked for, a client is sent only to what it registered, or to another port of the same loopback address', () => {
  const pieces = fc.constantFrom(...'http https : // 127.0.0.1 localhost [::1] app.example @ / callback ?a=b # .. %2e :3000'.split(' '))
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 9 }), (parts) => {
      const uri = parts.join('')
      if (redirectUriFault(client, uri) !== undefined || client.redirectUris.includes(uri)) return
      const url = new URL(uri)
      url.port = ''
      const registered = client.redirectUris.map((text) => Object.assign(new URL(text), { port: '' }).href)
      expect(['127.0.0.1', 'localhost', '[::1]']).toContain(url.hostname)
      expect(registered).toContain(url.href)
    }),
    { numRuns: 2_000 },
  )
})

test('a URI that a client may have is the same address for every reader', () => {
  const pieces = fc.constantFrom(...'https:// http:// cursor:// app:/ app.example localhost / \\ @ .. . ; %2e %2f % :1 ? # A'.split(' '))
  fc.assert(
    fc.property(fc.array(pieces, { minLength: 1, maxLength: 8 }), (parts) => {
      const uri = parts.join('')
      if (redirectUriFormFault(uri) !== undefined) return
      const { href, username, hash, pathname } = new URL(uri)
      expect([uri, `${uri}/`]).toContain(href)
      expect([username, hash]).toEqual(['', ''])
      const decoded = pathname.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
      expect(decoded.split(/[/\\]/)).not.toContain('..')
    }),
    { numRuns: 2_000 },
  )
})

test('people are told the host, or the scheme of an app, and whether the address is on their own machine', () => {
  expect(redirectTarget('https://claude.ai/api/callback')).toBe('claude.ai')
  expect(redirectTarget('http://localhost:8787/callback')).toBe('localhost:8787')
  expect(redirectTarget('cursor://anysphere.cursor-mcp/x')).toBe('cursor:')
  expect(isLoopbackRedirect('http://localhost:8787/callback')).toBe(true)
  expect(isLoopbackRedirect('https://localhost/callback')).toBe(false)
})
