import { expect, test } from 'vitest'
import { Pipeline } from './pipeline.ts'
import type { Guard } from './pipeline.ts'
import type { Rendered } from './types.ts'

interface Start {
  seen: string[]
}

const addsName: Guard<Start, { name: string }> = async (call, next) => {
  call.seen.push('in')
  const answer = await next({ name: 'ada' })
  call.seen.push('out')
  return answer
}

const needsName: Guard<Start & { name: string }> = async (call, next) => {
  call.seen.push(call.name)
  return next({})
}

const asJson = (answer: { value: string }): Rendered => ({ json: JSON.stringify(answer) })

test('stages run in the order of the list, filters on the way back, then the answer becomes bytes', async () => {
  const run = new Pipeline<Start>()
    .guard(addsName)
    .guard(needsName)
    .call(({ name }) => ({ value: name }), [({ value }) => ({ value: `${value}!` }), ({ value }) => ({ value: `${value}?` })], asJson)
  const start = { seen: [] as string[] }
  expect(await run(start)).toEqual({ json: '{"value":"ada!?"}' })
  expect(start.seen).toEqual(['in', 'ada', 'out'])
})

test('a guard that throws refuses: nothing below it runs', async () => {
  const refuses: Guard<Start> = async () => {
    throw new Error('no')
  }
  const run = new Pipeline<Start>()
    .guard(refuses)
    .guard(addsName)
    .call(() => ({ value: '' }), [], asJson)
  const start = { seen: [] as string[] }
  await expect(run(start)).rejects.toThrow('no')
  expect(start.seen).toEqual([])
})

// Not vitest but `tsc` holds these laws: an expected error that does not occur is an error itself. At run time nothing is left to check.
test('three laws are compile errors', () => {
  // @ts-expect-error a stage that needs what no stage above it adds
  new Pipeline<Start>().guard(needsName)

  // @ts-expect-error a guard that forgets next has no answer to give
  const forgets: Guard<Start> = async () => undefined

  // @ts-expect-error a guard that makes up an answer
  const invents: Guard<Start> = async () => ({ json: '{}' })

  void [forgets, invents]
})
