import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { annotatedPolicy } from './annotated-policy.ts'
import { EXIT } from '../base/exit.ts'
import { CliFault, codeOf } from '../base/fault.ts'
import type { Define } from '../base/verb.ts'

/** `bir export` prints the policy as the file that `bir apply` takes. */
export const exportPolicy: Define = (parent, act) => {
  parent
    .command('export')
    .summary('the current policy as a file')
    .description(
      'Prints the current policy as the file that "bir apply" takes. It holds no secret: only the names of those that settings refer to.',
    )
    .option('-o, --output <file>', 'write it there instead')
    .option('--json', 'as JSON, which "bir apply" takes too')
    .addHelpText('after', '\nExamples:\n  bir export > bir.yaml\n  bir export --json | jq .grants')
    .action(
      act<[{ output?: string; json?: true }]>(async (context, { output, json }) => {
        const { client } = await context.gateway()
        const text = json ? `${JSON.stringify(await client.policy.export(), undefined, 2)}\n` : await annotatedPolicy(client)
        if (output === undefined) {
          context.environment.out(text)
          return EXIT.ok
        }
        await write(resolve(context.environment.cwd, output), text)
        context.note(`The policy is in ${output}.`)
        return EXIT.ok
      }),
    )
}

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text)
  } catch (cause) {
    throw new CliFault('bad_file', `${file} cannot be written (${codeOf(cause)}).`, { exit: EXIT.badInput, cause })
  }
}
