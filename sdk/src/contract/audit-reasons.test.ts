import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { AUDIT_REASONS } from './audit-reasons.ts'

test('every reason that the documentation explains is known', async () => {
  const text = await readFile(new URL('../../../docs/audit.md', import.meta.url), 'utf8')
  const [, table = ''] = text.split('| `reason` | cause |\n')
  const causes = table.split('\n\n', 1)[0]?.split('\n') ?? []
  const reasons = causes.flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, reason = '']) => reason))
  expect(reasons.length).toBeGreaterThan(30)
  expect(reasons.filter((reason) => !AUDIT_REASONS.has(reason))).toEqual([])
})
