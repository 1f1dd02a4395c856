import { ListFaults } from '@bir/sdk/contract/internal'
import { expect, test } from 'vitest'
import { ControlError } from './client.ts'
import { ListFaultsReporter } from './report-list-faults.ts'

/** A plane whose servers' lists have these faults, and a control plane that takes its reports or refuses them. */
function aPlane(faults: Record<string, string[]>) {
  const posts: ListFaults['servers'][] = []
  const logged: string[] = []
  const state = { refusal: undefined as Error | undefined, nowMs: 0 }
  const reporter = new ListFaultsReporter({
    control: {
      async post(path, body) {
        if (state.refusal) throw state.refusal
        if (path === '/list-faults') posts.push(ListFaults.parse(JSON.parse(String(body))).servers)
        return { status: 204, headers: {}, bytes: Buffer.alloc(0) }
      },
    },
    faults: () => Object.entries(faults).map(([server, faults]) => ({ server, url: `http://${server}.test/mcp`, faults })),
    log: (_level, message) => void logged.push(message),
    nowMs: () => state.nowMs,
  })
  return { faults, posts, logged, state, tell: () => reporter.tell() }
}

test('what is wrong with lists is told when it changes, and so is that nothing is', async () => {
  const plane = aPlane({ a: ['one'], b: [] })
  await plane.tell()
  await plane.tell()
  expect(plane.posts.map((servers) => servers.map(({ server, faults }) => [server, faults]))).toEqual([
    [
      ['a', ['one']],
      ['b', []],
    ],
  ])
  plane.faults['a'] = []
  await plane.tell()
  expect(plane.posts.slice(1)).toMatchObject([[{ server: 'a', faults: [] }]])
})

test.for([
  ['that is away', new ControlError('away'), 10_000, 1],
  ['of an earlier version', new ControlError('nothing here', 404), 600_000, 0],
] as const)('a control plane %s is asked again later', async ([, refusal, againMs, logs]) => {
  const plane = aPlane({ a: ['one'] })
  plane.state.refusal = refusal
  await plane.tell()
  plane.state.refusal = undefined
  plane.state.nowMs = againMs - 1
  await plane.tell()
  expect([plane.posts, plane.logged.length]).toEqual([[], logs])
  plane.state.nowMs = againMs
  await plane.tell()
  expect(plane.posts).toMatchObject([[{ server: 'a', faults: ['one'] }]])
})
