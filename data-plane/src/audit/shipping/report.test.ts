import { AUDIT_STORED_HEADER } from '@bir/sdk/contract/audit'
import { AUDIT_REPORT_EVERY_MS } from '@bir/sdk/contract/internal'
import type { AuditReport } from '@bir/sdk/contract/internal'
import { expect, test } from 'vitest'
import { ControlError } from '../../control/client.ts'
import { AuditReporter } from './report.ts'
import type { ShippingState } from './shipper.ts'

/** A reporter with a clock and a state that the test sets, and what it posted and logged. */
function aReporter(headers: Record<string, string> = {}) {
  const clock = { nowMs: 0 }
  const state: ShippingState = { written: 5, stored: 5, waitingMs: 0, apart: 0, warning: undefined }
  const set: { now: ShippingState; fault: Error | undefined } = { now: state, fault: undefined }
  const posted: AuditReport[] = []
  const logged: string[] = []
  const stored: number[][] = []
  const post = async (_: string, body: string | Buffer) => {
    if (set.fault) throw set.fault
    posted.push((JSON.parse(body.toString()) as { audit: AuditReport }).audit)
    return { status: 204, headers, bytes: Buffer.alloc(0) }
  }
  const reporter = new AuditReporter({
    control: { post },
    state: () => set.now,
    onStored: (...numbers) => void stored.push(numbers),
    log: (level, event) => void logged.push(`${level}: ${event}`),
    nowMs: () => clock.nowMs,
  })
  return { clock, state, set, posted, logged, stored, reporter }
}

test('a plane tells how far it is at once, twice a minute, when something is wrong, and when it stops', async () => {
  const { clock, state, set, posted, reporter } = aReporter()
  await reporter.tell()
  set.now = { ...state, written: 9, waitingMs: 200 }
  await reporter.tell()
  expect(posted).toEqual([{ written: 5, waitingMs: 0, apart: 0 }])

  clock.nowMs += AUDIT_REPORT_EVERY_MS
  await reporter.tell()
  set.now = { ...state, written: 9, waitingMs: 31_000, warning: 'w'.repeat(5000) }
  await reporter.tell()
  set.now = { ...set.now, waitingMs: 32_000, warning: 'the same with another number' }
  await reporter.tell()
  await reporter.end()
  expect(posted.slice(1)).toEqual([
    { written: 9, waitingMs: 200, apart: 0 },
    { written: 9, waitingMs: 31_000, apart: 0, why: expect.stringMatching(/^w+ … \(cut: 5000 characters\)$/) },
    { written: 9, waitingMs: 32_000, apart: 0, why: 'the same with another number', ended: true },
  ])
})

test('a control plane of an older version refuses the report: that is logged once, and told again later', async () => {
  const { clock, set, posted, logged, reporter } = aReporter()
  set.fault = new ControlError('no such acknowledgement', 400)
  for (let at = 0; at < 5; at++) {
    await reporter.tell()
    clock.nowMs += 10_000
  }
  expect(logged).toEqual(['info: the control plane cannot be told how far the audit is'])
  set.fault = undefined
  await reporter.tell()
  expect(posted).toHaveLength(1)
})

test('the answer says what is stored; that of an older control plane says nothing', async () => {
  const today = aReporter({ [AUDIT_STORED_HEADER]: '3' })
  await today.reporter.tell()
  const older = aReporter()
  await older.reporter.tell()
  expect([today.stored, older.stored]).toEqual([[[3, 5]], []])
})
