import type { Client } from '../../client.ts'
import { ApiFailure } from '../../client.ts'
import type { Context } from '../base/context.ts'
import { badUsage, CliFault } from '../base/fault.ts'
import { printable } from '../output/printable.ts'
import type { Define } from '../base/verb.ts'
import { awaitEnforcement, exitOf, reportEnforcement } from '../plane/enforcement.ts'
import { withLines } from './gateway-faults.ts'
import { readPolicy } from './policy-source.ts'
import { planDrift, readPlan } from './saved-plan.ts'

interface Flags {
  file?: string
  plan?: string
  expect?: string
  json?: true
}

/** `bir apply` replaces the policy with the content of a file. */
export const apply: Define = (parent, act) => {
  parent
    .command('apply')
    .summary('make the policy what a file says')
    .description(
      'Makes the policy what a file says. A section in the file is complete: what it leaves out is removed. A section not in the file is left alone. It is all or nothing: when somebody else changes the policy while the command runs, nothing is changed, and you are told. What was changed before it began, it replaces without a word; --plan and --expect refuse then. Says which data planes enforce it when the command returns; exits with 3 unless all do.',
    )
    .option('-f, --file <file>', 'the policy, such as bir.yaml; - reads stdin')
    .option('--plan <file>', 'a plan that "bir plan -o" kept; it is refused when the policy is another one by now')
    .option('--expect <policy>', 'only if this is in force: a revision, or the policy that "bir export" names in its first line')
    .option('--json', '{"revision","edits","removed","enforcement"}')
    .addHelpText(
      'after',
      '\nExamples:\n  bir plan -f bir.yaml && bir apply -f bir.yaml\n  bir plan -f bir.yaml -o plan.json && bir apply --plan plan.json\n  bir apply -f bir.yaml --expect 17\n  bir export | sed s/read/write/ | bir apply -f -',
    )
    .action(
      act<[Flags]>(async (context, flags) => {
        const result = await applied(context, flags)
        const { client } = await context.gateway()
        const enforcement = await awaitEnforcement(client)
        if (flags.json) {
          context.printJson({ ...result, ...(enforcement && { enforcement }) })
          return exitOf(enforcement)
        }
        for (const edit of result.edits) context.print(printable(edit))
        for (const text of result.removed ?? []) context.print(`destroyed ${printable(text)}`)
        const count = result.edits.length
        const done = count === 0 ? 'Nothing to change' : `${count} ${count === 1 ? 'change' : 'changes'} applied`
        return reportEnforcement(context, `${done}; revision ${result.revision}`, enforcement)
      }),
    )
}

function applied(context: Context, { file, plan, expect }: Flags) {
  if (plan !== undefined && file === undefined && expect === undefined) return applyPlan(context, plan)
  if (plan !== undefined) throw badUsage('A plan holds its file, and the policy that it expects: leave out --file and --expect.')
  if (file === undefined) throw badUsage('Give --file, or --plan with a plan that "bir plan -o" kept.')
  return applyFile(context, file, expect)
}

async function applyFile(context: Context, file: string, expect: string | undefined) {
  const asked = expect === undefined ? undefined : expectationOf(expect)
  const source = await readPolicy(file, context.environment)
  const { client } = await context.gateway()
  const expected = asked ?? (await policyInForce(client))
  return client.policy.apply({ file: source.policy, ...expected }).catch((error: unknown) => {
    throw asked === undefined && isConflict(error) ? overtaken(error) : withLines(error, source)
  })
}

/** A hash of a policy has 64 hexadecimal digits; a shorter number is a revision. */
function expectationOf(text: string): { expectPolicy: string } | { expectRevision: number } {
  if (/^[0-9a-f]{64}$/.test(text)) return { expectPolicy: text }
  if (/^\d{1,15}$/.test(text)) return { expectRevision: Number(text) }
  throw badUsage(`--expect takes a revision, such as 17, or a policy of 64 hexadecimal digits, not "${text}".`)
}

/** The policy that this command has found. An earlier control plane does not tell it: then nothing is expected. */
async function policyInForce(client: Client): Promise<{ expectPolicy?: string }> {
  try {
    return { expectPolicy: (await client.policy.version()).policy }
  } catch (error) {
    if (error instanceof ApiFailure && error.code === 'not_found') return {}
    throw error
  }
}

const isConflict = (error: unknown): error is ApiFailure => error instanceof ApiFailure && error.code === 'conflict'

const overtaken = (cause: ApiFailure) =>
  new CliFault('conflict', 'Somebody else changed the policy meanwhile, and nothing was applied. Run "bir plan" again, then apply.', {
    cause,
  })

/**
 * Does what the plan shows, or nothing. The file in it might be another one than was planned: so the changes are
 * computed again first, and then applied only while the policy is the same.
 */
async function applyPlan(context: Context, path: string) {
  const { policy, edits, file } = await readPlan(path, context.environment.cwd)
  const { client } = await context.gateway()
  const now = await client.policy.plan({ file })
  const drift = planDrift(edits, now.edits)
  if (now.policy !== policy) throw notAsPlanned(`The policy is not the one that ${path} was made for`, drift)
  if (drift.length > 0) throw notAsPlanned(`The file in ${path} makes other changes than ${path} shows`, drift)
  try {
    return await client.policy.apply({ file, expectPolicy: policy })
  } catch (error) {
    throw isConflict(error) ? overtaken(error) : error
  }
}

function notAsPlanned(why: string, drift: readonly string[]): CliFault {
  const lines = drift.length === 0 ? ['the same changes would be made, on another policy'] : drift
  return new CliFault('conflict', `${why}, and nothing was applied. Against the plan:`, {
    faults: lines.map((message) => ({ path: '', message })),
  })
}
