import type { Command } from 'commander'
import { readChains, readPages } from './chain.ts'
import { selectChains } from './verify.ts'
import { EXIT } from '../base/exit.ts'
import type { Act } from '../base/verb.ts'

/** `bir audit export` prints the records as they were written. */
export function auditExport(audit: Command, act: Act): void {
  audit
    .command('export')
    .summary('every record as it was written, a line of JSON each')
    .description(
      'Prints every record as it was written: a line of JSON each, chain after chain, oldest first. Its hash is the SHA-256 of the compact JSON of "header". A line with "apart" stands in for a record that could not be sent.',
    )
    .option('--plane <name>', 'this plane alone, by name or id')
    .addHelpText('after', '\nExamples:\n  bir audit export > audit.ndjson\n  bir audit export --plane local | jq -c .header')
    .action(
      act<[{ plane?: string }]>(async (context, { plane }) => {
        const { client } = await context.gateway()
        for (const chain of selectChains((await readChains(client)).chains, plane)) {
          for await (const { entries } of readPages(client, chain.plane)) for (const entry of entries) context.printJson(entry)
        }
        return EXIT.ok
      }),
    )
}
