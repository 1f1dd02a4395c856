import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { API_REASONS, AUDIT_REASONS, OAUTH_REASONS } from './audit-reasons.ts'

async function explained(): Promise<string[]> {
  const text = await readFile(new URL('../../../docs/audit.md', import.meta.url), 'utf8')
  const [, table = ''] = text.split('| `reason` | cause |\n')
  const causes = table.split('\n\n', 1)[0]?.split('\n') ?? []
  return causes.flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, reason = '']) => reason))
}

test('every reason that the documentation explains is known', async () => {
  const reasons = await explained()
  expect(reasons.length).toBeGreaterThan(30)
  expect(reasons.filter((reason) => !AUDIT_REASONS.has(reason))).toEqual([])
})

test('every reason of the authorization server and of the API is explained', async () => {
  const reasons = new Set(await explained())
  expect([...OAUTH_REASONS, ...API_REASONS].filter((reason) => !reasons.has(reason))).toEqual([])
})
