import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import type { Upstream } from '../conformance/upstreams/serve.ts'
import { until } from '@bir/data-plane/testing/waiting'
import { bootGateway } from '../testing/boot-gateway.ts'
import type { Gateway } from '../testing/boot-gateway.ts'
import type { Era } from './clients.ts'
import { everything } from './everything.ts'
import { modernOnly } from './modern-only.ts'
import type { ModernOnly } from './modern-only.ts'
import { showClient } from './show-clients.ts'
import type { ShowClient } from './show-clients.ts'

/**
 * Everything that a server can ask of a client or tell it: both official clients, a legacy and a modern server,
 * at a server's own endpoint and at `/mcp`.
 */

const scratch = mkdtempSync(join(tmpdir(), 'bir-show-'))
let old: Upstream
let recent: ModernOnly
let gateway: Gateway
let token: string

async function bir(...args: string[]): Promise<string> {
  const main = fileURLToPath(new URL('../../sdk/src/cli/main.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [main, ...args], {
    env: { ...process.env, BIR_HOME: gateway.home, NO_COLOR: '1' },
  })
  return stdout
}

beforeAll(async () => {
  old = await everything()
  recent = await modernOnly()
  gateway = await bootGateway()
  const file = parse(await bir('export'))
  for (const [id, { url }] of Object.entries({ everything: old, recent })) {
    file.servers[id] = { kind: 'remote', url }
    file.grants.push({ group: 'operators', server: id, level: 'destroy' })
  }
  const path = join(scratch, 'bir.yaml')
  writeFileSync(path, stringify(file))
  await bir('apply', '-f', path)
  token = await gateway.token('carol')
  await until(async () => {
    await using client = await showClient('modern', gateway.endpoints.mcp, token)
    const tools = await client.tools()
    return ['everything_trigger-sampling-request', 'recent_wait'].every((name) => tools.includes(name))
  }, 'the tools of both servers to be listed')
})

afterAll(async () => {
  await gateway.stop()
  await old[Symbol.asyncDispose]()
  await recent[Symbol.asyncDispose]()
  rmSync(scratch, { recursive: true })
})

/** Where one server's things are at one endpoint. */
interface Place {
  readonly url: string
  readonly name: (own: string) => string
  readonly uri: (own: string) => string
}

const places = (server: string): [string, () => Place][] => [
  [`/mcp/${server}`, () => ({ url: `${gateway.endpoints.mcp}/${server}`, name: (own) => own, uri: (own) => own })],
  ['/mcp', () => ({ url: gateway.endpoints.mcp, name: (own) => `${server}_${own}`, uri: (own) => `mcp+${server}:${own}` })],
]

type Drive = (client: ShowClient, at: Place) => Promise<void>

/** Calls a tool that asks something of the client, and looks at what was asked and what the tool made of the answer. */
const asking =
  (tool: string, args: Record<string, unknown>, asked: string, made: string): Drive =>
  async (client, { name }) => {
    expect(await client.call(name(tool), args)).toContain(made)
    expect(client.asked).toContain(asked)
  }

const progressing =
  (tool: string, args: Record<string, unknown>, steps: number[]): Drive =>
  async (client, { name }) => {
    const seen: number[] = []
    await client.call(name(tool), args, { onProgress: (progress) => seen.push(progress) })
    expect(seen).toEqual(steps)
  }

/** Given up as soon as it is at work; what comes after it is not troubled. */
const givingUp =
  (tool: string, args: Record<string, unknown>, heard: () => Promise<void>): Drive =>
  async (client, { name }) => {
    const giving = new AbortController()
    const call = client.call(name(tool), args, { signal: giving.signal, onProgress: () => giving.abort(new Error('enough')) })
    await expect(call).rejects.toThrow()
    await heard()
    expect((await client.tools()).length).toBeGreaterThan(0)
  }

const resources =
  ({ listed, template, filled, holds }: { listed: string; template: string; filled: string; holds: string }): Drive =>
  async (client, { uri }) => {
    expect(await client.resources()).toContain(uri(listed))
    expect(await client.read(uri(listed))).toContain(uri(listed))
    expect(await client.templates()).toContain(uri(template))
    expect(await client.read(uri(filled))).toContain(holds)
  }

const prompting =
  (prompt: string, args: Record<string, string>, argument: { name: string; value: string }, says: string, offers: string[]): Drive =>
  async (client, { name }) => {
    expect(await client.prompt(name(prompt), args)).toContain(says)
    expect(await client.complete(name(prompt), argument)).toEqual(offers)
  }

const features: Record<string, [string, Drive][]> = {
  everything: [
    ['a form', asking('trigger-elicitation-request', {}, 'elicitation form', 'Ada Lovelace')],
    ['a page to visit', asking('trigger-url-elicitation', { url: 'https://example.com/visit' }, 'elicitation url', 'accept')],
    ['sampling', asking('trigger-sampling-request', { prompt: 'Hello?', maxTokens: 10 }, 'sampling', 'a sampled answer')],
    [
      // Asked once a session, and a person's clients of the modern era share one at such a server.
      'roots',
      async (client, { name }) => expect(await client.call(name('get-roots-list'))).toContain('file:///home/ada'),
    ],
    ['progress', progressing('trigger-long-running-operation', { duration: 0.3, steps: 3 }, [1, 2, 3])],
    ['giving up', givingUp('trigger-long-running-operation', { duration: 60, steps: 600 }, () => Promise.resolve())],
    [
      'resources and templates',
      resources({
        listed: 'demo://resource/static/document/architecture.md',
        template: 'demo://resource/dynamic/text/{resourceId}',
        filled: 'demo://resource/dynamic/text/7',
        holds: 'Resource 7',
      }),
    ],
    [
      'prompts and completion',
      prompting('completable-prompt', { department: 'Sales', name: 'Eve' }, { name: 'department', value: 'S' }, 'promote Eve', [
        'Sales',
        'Support',
      ]),
    ],
    [
      'updates of a resource',
      async (client, { name, uri }) => {
        const watched = uri('demo://resource/dynamic/text/7')
        await client.subscribe(watched)
        await client.call(name('toggle-subscriber-updates'))
        await expect.poll(() => client.updated).toContain(watched)
        await client.call(name('toggle-subscriber-updates'))
      },
    ],
    [
      'logging',
      async (client, { name }) => {
        await client.call(name('toggle-simulated-logging'))
        await expect.poll(() => client.logged.join()).toMatch(/level.message/i)
        await client.call(name('toggle-simulated-logging'))
      },
    ],
  ],
  recent: [
    ['a form', asking('ask-form', {}, 'elicitation form', 'Ada Lovelace')],
    ['a page to visit', asking('ask-url', {}, 'elicitation url', 'accept')],
    ['sampling', asking('ask-sample', {}, 'sampling', 'a sampled answer')],
    ['roots', asking('ask-roots', {}, 'roots', 'file:///home/ada')],
    ['progress', progressing('work', {}, [1, 2, 3])],
    [
      'giving up',
      async (client, at) => {
        const before = recent.givenUp()
        await givingUp('wait', {}, async () => {
          await expect.poll(recent.givenUp).toBe(before + 1)
        })(client, at)
      },
    ],
    [
      'resources and templates',
      resources({ listed: 'modern://note', template: 'modern://number/{n}', filled: 'modern://number/7', holds: 'number 7' }),
    ],
    ['prompts and completion', prompting('greet', { name: 'Ada' }, { name: 'name', value: 'A' }, 'Greet Ada.', ['Ada', 'Alan'])],
    [
      'updates of a resource',
      async (client, { uri }) => {
        await client.subscribe(uri('modern://note'))
        // It is told where and when the gateway listens; until then there is nobody to tell.
        const telling = setInterval(() => recent.updated('modern://note'), 100)
        await expect
          .poll(() => client.updated)
          .toContain(uri('modern://note'))
          .finally(() => clearInterval(telling))
      },
    ],
    [
      'logging',
      async (client, { name }) => {
        await client.call(name('work'))
        expect(client.logged).toEqual(['"step 1"', '"step 2"', '"step 3"'])
      },
    ],
  ],
}

const eras: Era[] = ['legacy', 'modern']
const cases = eras.flatMap((era) =>
  Object.entries(features).flatMap(([server, drives]) =>
    places(server).flatMap(([path, place]) => drives.map(([feature, drive]) => ({ era, server, path, feature, place, drive }))),
  ),
)

test.for(cases)('$feature: a client of the $era era and the server $server at $path', async ({ era, place, drive }) => {
  const at = place()
  await using client = await showClient(era, at.url, token)
  await drive(client, at)
})
