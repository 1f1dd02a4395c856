import { rmSync } from 'node:fs'
import { testPlane } from '../../../data-plane/src/testing/plane.ts'
import { RemoteSettings } from '@bir/sdk/contract/remote'
import { longestTurn } from '../measure/turns.ts'
import { whenOver } from '../measure/when-over.ts'

// A data plane in front of one remote server, in a process of its own. After the message `watch` it measures its
// event loop, and after `stop` it sends the longest turn.

const remote = RemoteSettings.parse({ url: process.argv[2], era: '2026-07-28' })
const entry = { kind: 'remote' as const, title: 'Long', remote, tools: { say: { level: 'read' as const } } }
const settings = { ratePerSecond: 100_000, rateBurst: 1_000_000 }
const plane = await testPlane({ grants: { long: { user: [{ level: 'destroy' }] } }, settings }, [], { long: entry })
let stop: (() => void) | undefined
const fail = (error: unknown) => process.send?.({ failed: String(error) })

process.on('message', ({ order }: { order: 'watch' | 'stop' }) => {
  if (order === 'stop') return stop?.()
  const stopped = new Promise<void>((resolve) => (stop = resolve))
  longestTurn(() => stopped).then((longest) => process.send?.(longest), fail)
  process.send?.({})
})
whenOver(() => rmSync(plane.homeDir, { recursive: true }))
process.send?.({ url: plane.url, token: await plane.token() })
