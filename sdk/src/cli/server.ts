import { serverApprove } from './server-approve.ts'
import { serverDefinitions } from './server-definitions.ts'
import type { Define } from './verb.ts'

export const server: Define = (parent, act) => {
  const command = parent
    .command('server')
    .summary('what remote servers offer, and whether it is trusted')
    .description(
      'The tools of a remote server are pinned: what it offered first was approved with its registration, and what it changes later is served, served and reported, or held back, as its setting "trust" says (off, warn, hold).',
    )
    .addHelpText('after', '\nExamples:\n  bir server definitions everything\n  bir server approve everything echo')
  serverDefinitions(command, act)
  serverApprove(command, act)
}
