import { serverApprove } from './approve.ts'
import { serverDefinitions } from './definitions.ts'
import { serverHealth } from './health.ts'
import { serverKill } from './kill.ts'
import { serverList } from './list.ts'
import type { Define } from '../base/verb.ts'

export const server: Define = (parent, act) => {
  const command = parent
    .command('server')
    .summary('the servers there are, how they are, and whether what they offer is trusted')
    .description(
      'Says which servers there are and how the remote ones are, and switches one off for everyone. The tools of a remote server are pinned: what it offered first was approved with its registration, and what it changes later is served, served and reported, or held back, as its setting "trust" says (off, warn, hold).',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  bir server list\n  bir server health everything\n  bir server definitions everything\n  bir server approve everything echo\n  bir server kill everything',
    )
  serverList(command, act)
  serverHealth(command, act)
  serverDefinitions(command, act)
  serverApprove(command, act)
  serverKill(command, act)
}
