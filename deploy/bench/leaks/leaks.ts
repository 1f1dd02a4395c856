import { leakRun } from '../../e2e/secrets/leak-run.ts'
import type { LeakFigures } from '../../e2e/secrets/leak-run.ts'
import { stores } from '../../e2e/secrets/stores.ts'
import { table } from '../measure/figures.ts'
import { machine } from '../measure/machine.ts'

/**
 * Two people call GitLab's stand-in and a remote server at once, with canaries as tokens, on the whole product with
 * each store; then everything is searched for them. Missed when one is found, or when a request carried the token of
 * somebody else.
 */
export async function leaks({ calls }: { calls: number }): Promise<object> {
  const results: ({ store: string } & LeakFigures)[] = []
  for (const { name, skip, open } of stores) {
    if (skip !== undefined) {
      process.stdout.write(`${name}: ${skip}\n`)
      continue
    }
    await using store = await open()
    results.push({ store: name, ...(await leakRun({ calls, env: store.env, atOnce: 16 })) })
  }
  const rows = results.map(({ store, calls, failed, upstream, crossed, searchedBytes, leaks }) => [
    store,
    `${calls}`,
    `${failed}`,
    `${upstream.bob} + ${upstream.alice}`,
    `${crossed.length}`,
    `${Math.round(searchedBytes / 1e6)} MB`,
    `${leaks.length}`,
  ])
  process.stdout.write(
    `${machine()}\n\n${table(['store', 'calls', 'failed', 'requests upstream', 'with another’s token', 'searched', 'leaks'], rows)}\n`,
  )
  for (const { store, leaks, crossed } of results) for (const what of [...leaks, ...crossed]) process.stdout.write(`${store}: ${what}\n`)
  return { results, isMet: results.every(({ leaks, crossed }) => leaks.length === 0 && crossed.length === 0) }
}
