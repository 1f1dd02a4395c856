import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toolOnAggregate } from '../../aggregate/rewrite-result.ts'
import { policyName } from '@bir/sdk/policy-name'
import { ownName } from '../../protocol/names/policy-name.ts'
import { aPolicy } from '../../testing/policy.ts'
import { aRemoteEntry } from '../../testing/two-sides.ts'
import type { Endpoint } from '../../http/endpoint.ts'
import { addressOf } from './tool-address.ts'

const everyServer = endpointOf(undefined)
const oneServer = endpointOf

function endpointOf(server: string | undefined): Endpoint {
  const path = server === undefined ? '/mcp' : `/mcp/${server}`
  return { path, server, resource: `http://x.test${path}`, metadataUrl: `http://x.test/.well-known${path}` }
}

const policyOf = (server: string, names: readonly string[]) =>
  aPolicy({ servers: { [server]: aRemoteEntry('http://x.test', 'legacy', names.map(policyName)) } })

/** What hosts of models accept as the name of a tool. */
const accepted = /^[a-zA-Z0-9_-]{1,64}$/

const aServer = fc.stringMatching(/^[a-s0-9-]{1,32}$/)
const aToolName = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }),
  fc.stringMatching(/^[a-zA-Z0-9_.-]{1,128}$/),
  fc.constantFrom('repo/list', 'ns:tool', 'a b', 'search.all', 'überall', '工具', 'constructor', '__proto__', 'repo_list'),
)

test('every tool has a name on /mcp that every host accepts, and there and at its own endpoint its names lead to it', () => {
  fc.assert(
    fc.property(aServer, fc.uniqueArray(aToolName, { minLength: 1, maxLength: 5, selector: policyName }), (server, names) => {
      const policy = policyOf(server, names)
      const entries = names.map((name) => ({ name }))
      for (const name of names) {
        const shown = toolOnAggregate(server, name)
        expect(shown).toMatch(accepted)
        const address = { server, tool: policyName(name) }
        expect(addressOf(policy, everyServer, shown)).toEqual(address)
        expect(addressOf(policy, oneServer(server), name)).toEqual(address)
        expect(ownName(entries, address.tool)).toBe(name)
      }
    }),
  )
})

test.for([
  ['repo/list', 'repo_list_4pxwgxtx', 'git_repo_list_4pxwgxtx'],
  ['search.all', 'search.all', 'git_search_all_g76tdyyy'],
  ['repo_list', 'repo_list', 'git_repo_list'],
  ['__proto__', '__proto___gdrk6ocb', 'git___proto___gdrk6ocb'],
])('%s is %s in the policy and %s on /mcp, and stays so', ([name, inPolicy, shown]) => {
  expect([policyName(name!), toolOnAggregate('git', name!)]).toEqual([inPolicy, shown])
})

test('a name that was written down while dots stood in names of /mcp goes on to work', () => {
  const long = `a.${'x'.repeat(100)}`
  const policy = policyOf('git', ['search.all', long])
  expect(addressOf(policy, everyServer, 'git_search.all')).toEqual({ server: 'git', tool: 'search.all' })
  expect(addressOf(policy, everyServer, `git_${long}`.slice(0, 55) + toolOnAggregate('git', long).slice(-9))).toEqual({
    server: 'git',
    tool: long,
  })
})

test('when a tool has the name that another one has on /mcp, that name stands for neither', () => {
  const imitation = toolOnAggregate('git', 'search.all').slice('git_'.length)
  expect(addressOf(policyOf('git', ['search.all', imitation]), everyServer, `git_${imitation}`)).toBeUndefined()
})
