import { expect, test } from 'vitest'
import { ownWords } from '../../protocol/channel/cleared.ts'
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

const asJson = (answer: { value: string }): Rendered => ({ json: ownWords(JSON.stringify(answer)) })

test('stages run in the order of the list, then the call, then the answer becomes JSON', async () => {
  const run = new Pipeline<Start>()
    .guard(addsName)
    .guard(needsName)
    .call(({ name }) => ({ value: name }), asJson)
  const start = { seen: [] as string[] }
  expect(await run(start)).toEqual({ json: '{"value":"ada"}' })
  expect(start.seen).toEqual(['in', 'ada', 'out'])
})

test('a guard that throws refuses: nothing below it runs', async () => {
  const refuses: Guard<Start> = async () => {
    throw new Error('no')
  }
  const run = new Pipeline<Start>()
    .guard(refuses)
    .guard(addsName)
    .call(() => ({ value: '' }), asJson)
  const start = { seen: [] as string[] }
  await expect(run(start)).rejects.toThrow('no')
  expect(start.seen).toEqual([])
})

test.for<[string, () => { value: string } | Promise<{ value: string }>]>([
  [
    'thrown',
    () => {
      throw new Error('raw')
    },
  ],
  ['rejected with', () => Promise.reject(new Error('raw'))],
])('an error %s by the call is cleared before a guard sees it', async ([, run]) => {
  const seen: unknown[] = []
  const records: Guard<Start> = async (_call, next) => {
    try {
      return await next({})
    } catch (error) {
      seen.push(error)
      throw error
    }
  }
  const cleared = new Error('cleared')
  const pipeline = new Pipeline<Start>(() => Promise.resolve(cleared)).guard(records).call(run, asJson)
  await expect(pipeline({ seen: [] })).rejects.toBe(cleared)
  expect(seen).toEqual([cleared])
})

// Not vitest but `tsc` holds these laws: an expected error that does not occur is an error itself. At run time nothing
// is left to check.
test('three laws are compile errors', () => {
  // @ts-expect-error a stage that needs what no stage above it adds
  new Pipeline<Start>().guard(needsName)

  // @ts-expect-error a guard that forgets next has no answer to give
  const forgets: Guard<Start> = async () => undefined

  // @ts-expect-error a guard that makes up an answer
  const invents: Guard<Start> = async () => ({ json: '{}' })

  void [forgets, invents]
})
