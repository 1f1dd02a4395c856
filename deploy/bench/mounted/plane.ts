import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { SecretEntry, ServerEntry } from '@bir/sdk/contract/snapshot'
import { SECRET_USABLE } from '@bir/sdk/contract/snapshot'
import { z } from 'zod'
import { segments } from '../../../data-plane/src/audit/segments.ts'
import { defineServer } from '../../../data-plane/src/server-kit/define.ts'
import { ALICE, entryOf, testPlane } from '../../../data-plane/src/testing/plane.ts'
import { whenOver } from '../measure/when-over.ts'

// A data plane in a process of its own, with the same tool in two servers: `open` needs no secret, `locked` one of each
// person.

const input = z.strictObject({ text: z.string(), times: z.int().default(1) })
const output = z.object({ text: z.string() })
const tool = { name: 'get_text', description: 'Returns its text so many times.', level: 'read', input, output } as const
const plain = { title: 'Bench', settings: z.object({}) }
const text = (result: { text: string }) => result.text

const open = defineServer({ ...plain, id: 'open' })
const locked = defineServer({
  ...plain,
  id: 'locked',
  secret: {
    fields: { token: { title: 'Token' } },
    audience: () => 'https://bench.example.com',
    prove: async () => ({ verdict: 'ok', says: 'It is good.' }),
  },
})
const run = (args: { text: string; times: number }) => ({ text: args.text.repeat(args.times) })
const servers = [
  open.with(open.tool({ ...tool, text, run })),
  locked.with(locked.tool({ ...tool, text, run: (args, { secret }) => (secret.token === '' ? { text: '' } : run(args)) })),
]

const [, lockedServer] = servers
const entry: ServerEntry = { ...entryOf(lockedServer!), secret: { order: ['person', 'group', 'shared'] } }
const usable: SecretEntry = { version: 1, state: SECRET_USABLE }
const grant = { user: [{ level: 'destroy' as const }] }
const plane = await testPlane(
  {
    grants: { open: grant, locked: grant },
    secrets: { [ALICE]: { locked: usable } },
    settings: { ratePerSecond: 100_000, rateBurst: 1_000_000 },
  },
  servers,
  { locked: entry as never },
  undefined,
  { secretReader: { read: async () => ({ token: 'glpat-Zx9Qw7Er5Ty3Ui1Op2As' }), close: async () => undefined } },
)
const spool = join(plane.homeDir, 'spool')
// Nobody ships its records: the older ones go, as they do when they are shipped.
setInterval(
  () =>
    segments(spool)
      .slice(0, -2)
      .forEach(({ path }) => rmSync(path)),
  1_000,
)
whenOver(() => rmSync(plane.homeDir, { recursive: true }))
process.send?.({ url: plane.url, token: await plane.token() })
