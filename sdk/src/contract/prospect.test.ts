import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decideFor } from './decide.ts'
import { prospect } from './decide-server.ts'
import { covers, Level } from './level.ts'
import type { Person, Policy } from './policy.ts'
import type { Alternative, Selection } from './snapshot.ts'

const nowMs = 1_800_000_000_000
const names = ['echo', 'send', 'wipe']

const level = fc.constantFrom(...Level.options)
const some = fc.option(fc.subarray(names), { nil: undefined })
const alternative = fc
  .record({ level, allow: some, deny: some, expiresAtMs: fc.constantFrom(undefined, nowMs - 1, nowMs + 1) })
  .map((given) => Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Alternative)
const tier = fc.option(fc.array(alternative, { minLength: 1, maxLength: 3 }), { nil: undefined })
const selection = fc.option(fc.record({ level: fc.option(level, { nil: undefined }), off: some }), { nil: undefined })

const anybody = fc
  .record({ user: tier, groups: tier, everyone: tier, selection, disabled: fc.boolean() })
  .map(({ user, groups, everyone, selection: chosen, disabled }): Person => ({
    id: '',
    secretOf: () => undefined,
    handle: 'ana',
    disabled,
    classKey: '',
    groups: [],
    grants: new Map([['notes', { ...(user && { user }), ...(groups && { groups }), ...(everyone && { everyone }) }]]),
    selection: chosen && new Map([['notes', chosen as Selection]]),
  }))

/** The same server before anybody has seen it, and after it was found to offer these. */
const policyOf = (needs: Record<string, Level>, killed: boolean) =>
  ({
    servers: new Map([['notes', { tools: new Map(Object.entries(needs).map(([name, of]) => [name, { level: of }])) }]]),
    revoked: { killed: new Set(killed ? ['notes'] : []) },
  }) as unknown as Policy

test('nobody is allowed more than the prospect says, whatever the server offers', () => {
  const needed = fc.constantFrom<Level>('read', 'write', 'destroy')
  fc.assert(
    fc.property(anybody, fc.record({ echo: needed, send: needed, wipe: needed }), fc.boolean(), (person, needs, killed) => {
      const policy = policyOf(needs, killed)
      const foretold = prospect(policy, person, 'notes', nowMs)
      for (const name of names) {
        const verdict = decideFor(policy, person, 'notes', name, nowMs)
        if (!verdict.allow) continue
        expect(covers(foretold.level, verdict.level)).toBe(true)
        expect(foretold.names ?? names).toContain(name)
      }
    }),
  )
})

test('with an empty prospect no tool is allowed, and with any other some tool can be', () => {
  fc.assert(
    fc.property(anybody, fc.boolean(), (person, killed) => {
      const policy = policyOf({ echo: 'read', send: 'read', wipe: 'read', other: 'read' }, killed)
      const allowed = [...names, 'other'].filter((name) => decideFor(policy, person, 'notes', name, nowMs).allow)
      expect(allowed.length > 0).toBe(prospect(policy, person, 'notes', nowMs).level !== 'disabled')
    }),
  )
})
