import type { ImportedItem, ImportOutcome, SecretImport } from '../../contract/secret-import.ts'
import { EXIT } from '../base/exit.ts'
import type { Define } from '../base/verb.ts'
import { table } from '../output/table.ts'
import { policyAsYaml } from '../policy/annotated-policy.ts'

interface Flags {
  from: string
  dryRun?: true
  json?: true
}

/** `bir secrets import` takes over what the original Bir MCP kept of people. */
export const secretImport: Define = (parent, act) => {
  parent
    .command('import')
    .summary('take over tokens from the Vault or Consul of the original Bir MCP')
    .description(
      'Reads what the original Bir MCP kept of people, with the settings VAULT_… or CONSUL_… of the control plane. The end of a key names the person: a subject, an e-mail address or a handle. Each token is tried against the real service, and only a good one is saved. Run it again at any time: what is here is not tried again. Levels and tables are printed as a part of a policy file, and applied by nobody. Exits with 3 when something was not taken over.',
    )
    .requiredOption('--from <place>', 'vault:<mount>/<path> or consul:<prefix>')
    .option('--dry-run', 'say what would be tried; try and save nothing')
    .option('--json', 'a line of JSON for each item {"key","system","user","server","outcome","says"}, then one {"levels","tables"}')
    .addHelpText(
      'after',
      '\nExamples:\n  bir secrets import --from vault:secret/mcp --dry-run\n  bir secrets import --from consul:mcp/people/\n  bir secrets import --from vault:secret/mcp --json | jq -r \'select(.outcome == "refused").user\'',
    )
    .action(
      act<[Flags]>(async (context, { from, dryRun, json }) => {
        const { client } = await context.gateway()
        const items: ImportedItem[] = []
        const policy: Permissions = { levels: [], tables: [] }
        let cursor: string | null | undefined
        while (cursor !== null) {
          const report: SecretImport = await client.secrets.import({ from, ...(cursor && { cursor }), ...(dryRun && { dryRun }) })
          items.push(...report.items)
          policy.levels.push(...report.levels)
          policy.tables.push(...report.tables)
          if (json) for (const item of report.items) context.printJson(item)
          context.note(`${report.done} of ${report.documents} ${report.documents === 1 ? 'document is' : 'documents are'} done.`)
          cursor = report.resume
        }
        if (json) context.printJson(policy)
        else for (const line of [...linesOf(items, context.environment.terminal?.columns), ...fragmentOf(policy)]) context.print(line)
        return items.every(({ outcome }) => taken.has(outcome)) ? EXIT.ok : EXIT.no
      }),
    )
}

type Permissions = Pick<SecretImport, 'levels' | 'tables'>

const taken: ReadonlySet<ImportOutcome> = new Set<ImportOutcome>(['imported', 'same', 'would_try'])

function linesOf(items: readonly ImportedItem[], columnsWide: number | undefined): string[] {
  if (items.length === 0) return ['There are no tokens.']
  const outcomes = [...new Set(items.map(({ outcome }) => outcome))]
  const counts = outcomes.map((outcome) => `${items.filter((item) => item.outcome === outcome).length} ${outcome}`)
  return [...table(columns, items, columnsWide), '', `${counts.join(', ')}.`]
}

const columns = [
  { title: 'key', of: ({ key }: ImportedItem) => key },
  { title: 'system', of: ({ system }: ImportedItem) => system },
  { title: 'person', of: ({ user }: ImportedItem) => user },
  { title: 'outcome', of: ({ outcome }: ImportedItem) => outcome },
  { title: 'why', of: ({ says }: ImportedItem) => says },
]

function fragmentOf({ levels, tables }: Permissions): string[] {
  if (levels.length + tables.length === 0) return []
  const fragment = { ...(levels.length > 0 && { grants: levels }), ...(tables.length > 0 && { restrictions: tables }) }
  return [
    '',
    '# What people could do in the original. Nothing of it was applied: look at it, and put what is right into your policy file',
    '# ("bir export"). A section of a file is complete: do not apply this alone.',
    policyAsYaml(fragment).trimEnd(),
  ]
}
