import { expect, test } from 'vitest'
import { readUserAgent } from './user-agent.ts'

test.for<[text: string, read: string]>([
  ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36', 'Chrome 142 Windows'],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0',
    'Edge 142 Windows',
  ],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0', 'Firefox 145 Linux'],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15',
    'Safari 26 macOS',
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1',
    'Safari 26 iOS',
  ],
  ['Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36', 'Chrome 142 Android'],
  ['Mozilla/5.0 (compatible; Somebody)', 'Mozilla 5.0 -'],
  ['claude-code/2.1.332 (sdk-cli)', 'claude-code 2.1.332 -'],
  ['Zed/0.215.3 (linux; x86_64)', 'Zed 0.215.3 Linux'],
  ['Visual Studio Code/1.106.2', 'Visual Studio Code 1.106.2 -'],
  ['node', 'node - -'],
  ['', ' - -'],
  ['/1', ' - -'],
])('%j is read as %j', ([text, read]) => {
  const { program, version, system } = readUserAgent(text)
  expect(`${program} ${version ?? '-'} ${system ?? '-'}`).toBe(read)
})
