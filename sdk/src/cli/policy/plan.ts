import type { z } from 'zod'
import type { Plan, PlanChange } from '../../contract/entities.ts'
import type { Context } from '../base/context.ts'
import type { PolicyFile } from '../../contract/policy-file.ts'
import { CliFault } from '../base/fault.ts'
import { writePlan } from './saved-plan.ts'
import { EXIT } from '../base/exit.ts'
import { withLines } from './gateway-faults.ts'
import { readPolicy } from './policy-source.ts'
import { printable } from '../output/printable.ts'
import type { Define } from '../base/verb.ts'

/** `bir plan` shows who would gain or lose which tools. */
export const plan: Define = (parent, act) => {
  parent
    .command('plan')
    .summary('who would gain or lose what if a file were applied')
    .description('Says what applying a file would change, and for whom, and changes nothing.')
    .requiredOption('-f, --file <file>', 'the policy, such as bir.yaml; - reads stdin')
    .option('--exit-code', 'exit with 3 when something would change')
    .option('-o, --output <file>', 'keep the plan there: "bir apply --plan" does that and nothing else')
    .option('--json', '{"edits","people","removed","policy"}')
    .addHelpText(
      'after',
      '\nExamples:\n  bir plan -f bir.yaml\n  bir plan -f bir.yaml -o plan.json && bir apply --plan plan.json\n  bir plan -f bir.yaml --exit-code || echo "the policy has drifted"',
    )
    .action(
      act<[{ file: string; output?: string; exitCode?: true; json?: true }]>(async (context, { file, output, exitCode, json }) => {
        const source = await readPolicy(file, context.environment)
        const { client } = await context.gateway()
        const result = await client.policy.plan({ file: source.policy }).catch((error: unknown) => {
          throw withLines(error, source)
        })
        if (output !== undefined) await keep(context, output, { ...result, file: source.policy })
        if (json) context.printJson(result)
        if (!json) printPlan(context, result)
        const changes = result.edits.length + result.people.length > 0
        return exitCode && changes ? EXIT.no : EXIT.ok
      }),
    )
}

async function keep(context: Context, output: string, { policy, edits, file }: z.infer<typeof Plan> & { file: PolicyFile }): Promise<void> {
  if (policy === undefined) throw new CliFault('unavailable', 'This control plane is too old to keep plans: it does not name its policy.')
  await writePlan(output, context.environment.cwd, { policy, edits, file })
  context.note(`The plan is in ${output}: "bir apply --plan ${output}" does it, while the policy is the same.`)
}

function printPlan(context: Context, { edits, people, removed = [] }: z.infer<typeof Plan>): void {
  if (edits.length === 0) return context.print('Nothing would change.')
  context.print('The file would')
  for (const edit of edits) context.print(`  ${printable(edit)}`)
  for (const text of removed) context.print(`  ${context.paint('bad', `destroys ${printable(text)}`)}`)
  context.print(people.length === 0 ? 'Nobody gains or loses a tool by it.' : 'and so')
  for (const change of people) printChange(context, change)
  const unseen = [...new Set(people.filter((change) => change.unseen).map(({ server }) => server))].sort()
  if (unseen.length === 0) return
  context.note(
    `What ${unseen.join(', ')} will offer is not known: no plane has seen it yet. * stands for whatever it offers that the level covers; a name counts if it is offered. Registered without a grant a server opens nothing: apply that first, look at "bir server definitions", and plan the grants then.`,
  )
}

function printChange(context: Context, { user, server, gains, loses, before, after }: z.infer<typeof PlanChange>): void {
  context.print(`  ${user} on ${server}: ${before === after ? `stays at ${after}` : `${before} → ${after}`}`)
  if (gains.length > 0) context.print(`    ${context.paint('good', `gains ${toolList(gains)}`)}`)
  if (loses.length > 0) context.print(`    ${context.paint('bad', `loses ${toolList(loses)}`)}`)
}

const toolList = (tools: readonly string[]) => printable(tools.map((tool) => (tool === '*' ? '* (whatever it offers)' : tool)).join(', '))
