import { EXIT } from '../base/exit.ts'
import type { Define } from '../base/verb.ts'

/** `bir client approve` consents to a client for everybody, or takes that back. */
export const clientApprove: Define = (parent, act) => {
  parent
    .command('approve')
    .summary('approve a client for everybody, so that nobody is asked for consent')
    .description(
      'Approves a client for everybody: people who sign in with it are not asked whether it may act for them. This changes "approved" in the section "clients" of the policy: "bir export" has it from then on, and a policy file with this section and without the client takes it back.',
    )
    .argument('<client>', 'its client id, its handle, or the URL of its metadata document')
    .option(
      '--redirect-uri <uri>',
      'where you have seen that its codes go; if they go elsewhere by now, nothing is approved; may be repeated',
      repeated,
    )
    .option('--undo', 'takes it back: people are asked again')
    .option('--json', '{"revision"}')
    .addHelpText(
      'after',
      '\nExamples:\n  bir client approve intranet\n  bir client approve https://assistant.example/client.json\n  bir client approve 6f2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d --redirect-uri https://desk.example/cb\n  bir client approve intranet --undo',
    )
    .action(
      act<[string, { redirectUri?: string[]; undo?: true; json?: true }]>(async (context, name, { redirectUri, undo, json }) => {
        const { client } = await context.gateway()
        const answer = await client.clients.approve({ client: name, approved: !undo, ...(redirectUri && { redirectUris: redirectUri }) })
        if (json) context.printJson(answer)
        else
          context.print(
            `The client ${name} is ${undo ? 'approved no more: people are asked for consent again' : 'approved: nobody is asked for consent'}.`,
          )
        return EXIT.ok
      }),
    )
}

const repeated = (uri: string, before: readonly string[] = []): string[] => [...before, uri]
