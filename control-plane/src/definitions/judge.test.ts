import fc from 'fast-check'
import { expect, test } from 'vitest'
import { judge, lastOffered } from './judge.ts'
import type { DefinitionRow, Rule } from './judge.ts'
import type { OfferedTool } from './offered.ts'

const offer = (name: string, version: string): OfferedTool => ({
  name,
  hash: `${name}-${version}`,
  definition: `{"v":"${version}"}`,
  readOnly: null,
  destructive: null,
  flags: [],
})
const aRule: fc.Arbitrary<Rule> = fc.record({ trust: fc.constantFrom('off', 'warn', 'hold') })
const anOffer = fc
  .dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2', '3'))
  .map((of) => Object.entries(of).map(([name, version]) => offer(name, version)))
const aHistory = fc.array(fc.tuple(anOffer, aRule), { maxLength: 8 })

const after = (history: [OfferedTool[], Rule][]) =>
  history.reduce<DefinitionRow[]>(
    (known, [offered, rule], at) => judge(known, offered, at === 0 ? { ...rule, approvedBy: 'root' } : rule),
    [],
  )

test('the same offer a second time changes nothing', () => {
  fc.assert(
    fc.property(aHistory, anOffer, aRule, (history, offered, rule) => {
      const once = judge(after(history), offered, rule)
      expect(judge(once, offered, rule)).toEqual(once)
      expect(judge(once, [...offered].reverse(), rule)).toEqual(once)
    }),
  )
})

test('after any offers, a tool has at most one decided and one pending definition, and only offered tools are served', () => {
  fc.assert(
    fc.property(aHistory, anOffer, aRule, (history, offered, rule) => {
      const rows = judge(after(history), offered, rule)
      for (const [name, of] of Map.groupBy(rows, (row) => row.name)) {
        expect(of.filter(({ state }) => state !== 'pending').length, name).toBeLessThanOrEqual(1)
        expect(of.filter(({ state }) => state === 'pending').length, name).toBeLessThanOrEqual(1)
      }
      const names = new Set(offered.map(({ name }) => name))
      for (const { name, state } of rows) expect(names.has(name) || state === 'retired').toBe(true)
      expect(
        lastOffered(rows)
          .map(({ hash }) => hash)
          .sort(),
      ).toEqual(offered.map(({ hash }) => hash).sort())
    }),
  )
})

test('with trust `hold`, only first definitions and approved definitions are ever served', () => {
  fc.assert(
    fc.property(anOffer, fc.array(anOffer, { maxLength: 6 }), (first, later) => {
      const hold: Rule = { trust: 'hold' }
      const history: [OfferedTool[], Rule][] = [[first, hold], ...later.map((offered): [OfferedTool[], Rule] => [offered, hold])]
      const trusted = new Set(first.map(({ hash }) => hash))
      for (const { hash, state } of after(history)) expect(state !== 'approved' || trusted.has(hash)).toBe(true)
    }),
  )
})

test('the number of retired tools is limited, even if a server invents new names', () => {
  let known = judge([], [offer('true', '1')], { trust: 'off' })
  const invented = (round: number) => Array.from({ length: 1500 }, (_, at) => offer(`x${round}-${at}`, '1'))
  for (let round = 0; round < 4; round++) known = judge(known, [offer('true', '1'), ...invented(round)], { trust: 'off' })
  expect(known.filter(({ state }) => state === 'retired')).toHaveLength(2000)
  expect(known.find(({ name }) => name === 'true')?.state).toBe('approved')
})
