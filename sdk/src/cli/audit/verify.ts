import type { Command } from 'commander'
import { readChains, readPages, verifyChain } from './chain.ts'
import type { Chain, Fault, Finding } from './chain.ts'
import { Joins, judgeStanding, strayFindings, withDoubt } from './planes.ts'
import type { Client } from '../../client.ts'
import type { Context } from '../base/context.ts'
import { EXIT } from '../base/exit.ts'
import { CliFault } from '../base/fault.ts'
import { distinctNames } from '../output/distinct-names.ts'
import { printable } from '../output/printable.ts'
import type { Act } from '../base/verb.ts'

/** `bir audit verify` checks that every record is there, in order and unaltered. */
export function auditVerify(audit: Command, act: Act): void {
  audit
    .command('verify')
    .summary('prove that no record was changed, removed or added')
    .description(
      "Fetches every chain of records (one a data plane, and the control plane's own) and computes it anew here: hashes, links, bodies, signatures, that these are no more than ten minutes behind, and that it ends no earlier than the gateway and the plane say. Compares the search index with the records, and the planes with those that joined by the control plane's own chain. Finds records that belong to no chain. Exits with 3 on the first fault of any chain. What it cannot vouch for it says, and then calls no chain whole.",
    )
    .option('--plane <name>', 'this plane alone, by name or id')
    .option('--json', 'a line of JSON a chain')
    .addHelpText('after', '\nExamples:\n  bir audit verify\n  bir audit verify --json | jq -e "select(.fault)"')
    .action(
      act<[{ plane?: string; json?: true }]>(async (context, { plane, json }) => {
        const { client } = await context.gateway()
        let isBroken = false
        let isEmpty = true
        for await (const finding of verifyChains(client, plane, context.environment.nowMs())) {
          isBroken ||= finding.fault !== undefined
          isEmpty = false
          if (json) context.printJson(finding)
          else printFinding(context, finding)
        }
        if (isEmpty) context.note('Nothing is recorded yet.')
        return isBroken ? EXIT.no : EXIT.ok
      }),
    )
}

/** Verifies the control plane's own chain first, because it tells which planes joined; it comes last all the same. */
async function* verifyChains(client: Client, plane: string | undefined, nowMs: number): AsyncGenerator<Finding> {
  const { chains, strays } = await readChains(client)
  const own = chains.at(-1)
  if (!own) return
  const joins = new Joins()
  const ownFinding = await verifyChain(own, readPages(client, own.plane), nowMs, joins.note)
  const states = new Map((await client.planes.list()).items.map((state) => [state.id, state]))
  const missing = [...(ownFinding.fault ? [] : joins.missing(chains)), ...strayFindings(strays, chains)]
  const wanted = selectChains([...chains, ...missing], plane)
  for (const chain of chains) {
    if (!wanted.includes(chain)) continue
    if (chain === own) continue
    const finding = judgeStanding(await verifyChain(chain, readPages(client, chain.plane), nowMs), states.get(chain.plane))
    yield ownFinding.fault ? withDoubt(finding, ownBroken) : joins.judge(finding, chain)
  }
  yield* missing.filter((finding) => wanted.includes(finding))
  if (wanted.includes(own)) yield ownFinding
}

const ownBroken = "The control plane's own chain has a fault, so nobody knows which planes joined and with which key."

/** The chains of one plane, by its name or id; all chains without a plane. */
export function selectChains<T extends Pick<Chain, 'plane' | 'name'>>(chains: T[], plane: string | undefined): T[] {
  if (plane === undefined) return chains
  const selected = chains.filter((chain) => chain.plane === plane || chain.name === plane)
  if (selected.length > 0) return selected
  const names = distinctNames(chains.map(({ plane: id, name }) => ({ id, name })))
  throw new CliFault('not_found', `There is no plane ${plane} (known: ${names}).`, { exit: EXIT.badInput })
}

function printFinding(context: Context, finding: Finding): void {
  printVerdict(context, finding)
  for (const sentence of finding.notVouchedFor) context.print(printable(`  not vouched for: ${sentence}`))
}

function printVerdict(context: Context, finding: Finding): void {
  const { name, plane, records, erased, fault, head } = finding
  const chainName = printable(`${name} (${plane})`)
  if (fault?.fault === 'unsigned') {
    const verdict = `${context.paint('bad', 'UNSIGNED')} from record ${fault.seq} on: ${faultTexts.unsigned}`
    context.print(
      `${chainName}: ${verdict}. ${records} records: ${signedRange(finding)}. They follow each other, but whoever holds them could have made them.`,
    )
    return
  }
  if (fault?.fault === 'waiting') {
    const verdict = `${context.paint('bad', 'INCOMPLETE')} from record ${fault.seq} on: ${faultTexts.waiting}`
    context.print(`${chainName}: ${verdict}. ${records} records before it were verified: ${signedRange(finding)}.`)
    return
  }
  if (fault?.fault === 'no-chain' || fault?.fault === 'before-first') {
    const verdict = `${context.paint('bad', 'FORGED')}, ${records} records, the first with the number ${fault.seq}`
    context.print(`${chainName}: ${verdict}: ${faultTexts[fault.fault]}. A search shows them; no plane can have sent them.`)
    return
  }
  if (fault) {
    context.print(
      `${chainName}: ${context.paint('bad', 'BROKEN')} at record ${fault.seq}: ${faultTexts[fault.fault]}. ${records} before it were verified.`,
    )
    return
  }
  const erasedText = erased > 0 ? `, ${erased} bodies erased` : ''
  const verdict = finding.notVouchedFor.length === 0 ? context.paint('good', 'whole') : 'unbroken'
  context.print(`${chainName}: ${verdict}, ${records} records${erasedText}: ${signedRange(finding)}; head ${head.hash.slice(0, 16)}`)
}

/** Which records are signed. A signature is a record itself, and covers all records before it. */
function signedRange({ signedSeq, unsigned }: Finding): string {
  if (signedSeq === null || signedSeq === 0) return 'none is signed yet'
  const signed = `${range(1, signedSeq)} signed, by record ${signedSeq + 1}`
  return unsigned ? `${signed}; ${range(unsigned.fromSeq, unsigned.toSeq)} not signed yet` : signed
}

const range = (fromSeq: number, toSeq: number) => (fromSeq === toSeq ? `${fromSeq} is` : `${fromSeq} to ${toSeq} are`)

const faultTexts: Record<Fault, string> = {
  gap: 'the one that should stand here is missing',
  'broken-link': 'it does not follow the record before it',
  'wrong-hash': 'it was changed after it was written',
  'wrong-body': 'its arguments or result were changed after they were written',
  'wrong-signature': 'its signature does not fit',
  'foreign-record': 'it belongs to another plane',
  unreadable: 'it is no record at all',
  'missing-end': 'the gateway had more records than it shows now',
  unsigned: 'for more than ten minutes its plane signed nothing',
  misfiled: 'the search index says something else than the record',
  'missing-record': 'its text is missing, and its plane does not say that it set it apart',
  'missing-chain': 'this plane joined, and its records are gone',
  'exchanged-key': 'the key of its plane is not the one that joined',
  'never-joined': 'no record of the control plane says that this plane joined',
  'no-chain': 'they belong to no chain',
  'before-first': 'they stand before the first record of the chain',
  waiting: 'its plane has recorded more than it sent',
}
