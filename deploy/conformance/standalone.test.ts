import { serveHttp } from '@bir/data-plane/servers/standalone/http'
import { expect, test } from 'vitest'
import { mountedFixture } from './fixture/mounted.ts'
import { testServer } from './suite/suite.ts'

/** Over HTTP a server that runs alone keeps no sessions for legacy clients, so it can ask them nothing. */
const needsSession = ['elicitation-sep1034-defaults', 'elicitation-sep1330-enums', 'tools-call-elicitation', 'tools-call-sampling']

test.for([
  ['2026-07-28', []],
  ['2025-11-25', needsSession],
] as const)(
  'a mounted server that runs alone passes what the suite demands at %s, but for what needs a session: %j',
  async ([revision, expected]) => {
    const alone = { server: mountedFixture('fixture'), settings: {}, readSecret: async () => '' }
    await using standing = await serveHttp(alone, 0, () => undefined)
    const { failed, required } = await testServer(standing.url, revision)
    expect([...new Set(failed.map(({ scenario }) => scenario))].sort()).toEqual(expected)
    expect(required.passed).toBe(required.total - expected.length)
  },
)
