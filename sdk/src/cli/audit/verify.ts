import type { Command } from 'commander'
import { readChains, readRecords, verifyChain } from './chain.ts'
import type { Chain, Fault, Finding } from './chain.ts'
import type { Context } from '../base/context.ts'
import { EXIT } from '../base/exit.ts'
import { CliFault } from '../base/fault.ts'
import { printable } from '../output/printable.ts'
import type { Act } from '../base/verb.ts'

/** `bir audit verify` checks that every record is there, in order and unaltered. */
export function auditVerify(audit: Command, act: Act): void {
  audit
    .command('verify')
    .summary('prove that no record was changed, removed or added')
    .description(
      "Fetches every chain of records (one a data plane, and the control plane's own) and computes it anew here: hashes, links, bodies, signatures, that these are no more than ten minutes behind, and that it ends no earlier than the gateway says. Exits with 3 on the first fault of any chain.",
    )
    .option('--plane <name>', 'this plane alone, by name or id')
    .option('--json', 'a line of JSON a chain')
    .addHelpText('after', '\nExamples:\n  bir audit verify\n  bir audit verify --json | jq -e "select(.fault)"')
    .action(
      act<[{ plane?: string; json?: true }]>(async (context, { plane, json }) => {
        const { client } = await context.gateway()
        const chains = selectChains(await readChains(client), plane)
        let broken = false
        for (const chain of chains) {
          const finding = await verifyChain(chain, readRecords(client, chain.plane), context.environment.nowMs())
          broken ||= finding.fault !== undefined
          if (json) context.printJson(finding)
          if (!json) printFinding(context, finding)
        }
        if (chains.length === 0) context.note('Nothing is recorded yet.')
        return broken ? EXIT.no : EXIT.ok
      }),
    )
}

/** The chains of one plane, by its name or id; all chains without a plane. */
export function selectChains(chains: Chain[], plane: string | undefined): Chain[] {
  if (plane === undefined) return chains
  const selected = chains.filter((chain) => chain.plane === plane || chain.name === plane)
  if (selected.length > 0) return selected
  const names = chains.map(({ name }) => name).join(', ') || 'none'
  throw new CliFault('not_found', `There is no plane ${plane} (known: ${names}).`, { exit: EXIT.badInput })
}

function printFinding(context: Context, finding: Finding): void {
  const { name, plane, records, erased, fault, head } = finding
  const chainName = printable(`${name} (${plane})`)
  if (fault?.fault === 'unsigned') {
    const verdict = `${context.paint('bad', 'UNSIGNED')} from record ${fault.seq} on: ${faultTexts.unsigned}`
    context.print(
      `${chainName}: ${verdict}. ${records} records, ${signedRange(finding)}; they follow each other, but whoever holds them could have made them.`,
    )
    return
  }
  if (fault) {
    context.print(
      `${chainName}: ${context.paint('bad', 'BROKEN')} at record ${fault.seq}: ${faultTexts[fault.fault]}. ${records} before it were verified.`,
    )
    return
  }
  const erasedText = erased > 0 ? `, ${erased} bodies erased` : ''
  context.print(
    `${chainName}: ${context.paint('good', 'whole')}, ${records} records, ${signedRange(finding)}${erasedText}; head ${head.hash.slice(0, 16)}`,
  )
}

/** The range of signed records. A signature covers all records before it. */
function signedRange({ signedSeq, unsigned }: Finding): string {
  if (signedSeq === null) return 'none signed yet'
  const signed = `signed from 1 to ${signedSeq}`
  return unsigned ? `${signed}, ${unsigned.fromSeq} to ${unsigned.toSeq} not yet` : signed
}

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
}
