import { deletePath, readPath } from '@bir/sdk/vault/kv'
import type { KvMount } from '@bir/sdk/vault/kv'
import { z } from 'zod'
import { StoreFault } from '../store.ts'

/** Asks what a token may do at paths. The policy `default` allows the question to every token that has it. */
export const CAPABILITIES_PATH = 'sys/capabilities-self'

/** One path for each kind of holder: a policy may allow some of them. Nothing lies there. */
const samples = ['people/check/check', 'groups/check/check', 'shared/check']

/** What we need, by path. */
export function neededCapabilities(engine: KvMount): Map<string, string[]> {
  const needed = new Map<string, string[]>()
  const need = (encoded: string, names: string[]) => {
    const path = decodeURIComponent(encoded)
    needed.set(path, [...(needed.get(path) ?? []), ...names])
  }
  for (const sample of samples) {
    need(readPath(engine, sample), ['create', 'read', 'update'])
    need(deletePath(engine, sample), ['delete'])
  }
  return needed
}

const Answer = z.object({ data: z.record(z.string(), z.unknown()) })
const Names = z.array(z.string())

/** Throws when the answer of Vault lacks something that is needed. Of a path that it does not name, nobody knows. */
export function refuseIncapable(needed: ReadonlyMap<string, readonly string[]>, body: unknown): void {
  const { data } = Answer.safeParse(body)
  for (const [path, names] of needed) {
    const { data: held } = Names.safeParse(data?.data[path])
    if (!held || held.includes('root')) continue
    const lacking = names.filter((name) => !held.includes(name))
    if (lacking.length === 0) continue
    const folder = path.replace(/check.*$/, '')
    throw new StoreFault(
      'permission_denied',
      `Vault refuses: the policy of our identity does not allow ${lacking.join(', ')} below ${folder}. Compare it with the policy file.`,
    )
  }
}
