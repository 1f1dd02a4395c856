import { serveHttp } from '@bir/data-plane/servers/standalone/http'
import { expect, test } from 'vitest'
import { mountedFixture } from './fixture/mounted.ts'
import { testServer } from './suite/suite.ts'

/** Over HTTP a server that runs alone has no sessions for legacy clients, so it cannot send them requests. */
const needsSession = ['elicitation-sep1034-defaults', 'elicitation-sep1330-enums', 'tools-call-elicitation', 'tools-call-sampling']

test.for([
  ['2026-07-28', []],
  ['2025-11-25', needsSession],
] as const)(
  'a mounted server that runs alone passes the suite at %s, except for scenarios that need a session: %j',
  async ([revision, expected]) => {
    const alone = { server: mountedFixture('fixture'), settings: {}, readSecret: async () => '' }
    await using server = await serveHttp(alone, 0, () => undefined)
    const { failed, required } = await testServer(server.url, revision)
    expect([...new Set(failed.map(({ scenario }) => scenario))].sort()).toEqual(expected)
    expect(required.passed).toBe(required.total - expected.length)
  },
)
