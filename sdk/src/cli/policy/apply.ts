import { withLines } from './gateway-faults.ts'
import { readPolicy } from './policy-source.ts'
import { awaitEnforcement, exitOf, reportEnforcement } from '../plane/enforcement.ts'
import { printable } from '../output/printable.ts'
import type { Define } from '../base/verb.ts'

/** `bir apply` replaces the policy with the content of a file. */
export const apply: Define = (parent, act) => {
  parent
    .command('apply')
    .summary('make the policy what a file says')
    .description(
      'Makes the policy what a file says. A section in the file is complete: what it leaves out is removed. A section not in the file is left alone. It is all or nothing. Says which data planes enforce it when the command returns; exits with 3 unless all do.',
    )
    .requiredOption('-f, --file <file>', 'the policy, such as bir.yaml; - reads stdin')
    .option('--json', '{"revision","edits","enforcement"}')
    .addHelpText('after', '\nExamples:\n  bir plan -f bir.yaml && bir apply -f bir.yaml\n  bir export | sed s/read/write/ | bir apply -f -')
    .action(
      act<[{ file: string; json?: true }]>(async (context, { file, json }) => {
        const source = await readPolicy(file, context.environment)
        const { client } = await context.gateway()
        const result = await client.policy.apply({ file: source.policy }).catch((error: unknown) => {
          throw withLines(error, source)
        })
        const enforcement = await awaitEnforcement(client)
        if (json) {
          context.printJson({ ...result, ...(enforcement && { enforcement }) })
          return exitOf(enforcement)
        }
        for (const edit of result.edits) context.print(printable(edit))
        const count = result.edits.length
        const done = count === 0 ? 'Nothing to change' : `${count} ${count === 1 ? 'change' : 'changes'} applied`
        return reportEnforcement(context, `${done}; revision ${result.revision}`, enforcement)
      }),
    )
}
