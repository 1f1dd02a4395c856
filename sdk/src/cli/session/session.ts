import type { Define } from '../base/verb.ts'
import { sessionEnd } from './end.ts'
import { sessionList } from './list.ts'

/** `bir session` shows where people are signed in, and signs them out there. */
export const session: Define = (parent, act) => {
  const command = parent
    .command('session')
    .summary('where people are signed in, and its end')
    .description(
      'A session begins when somebody signs in with a browser or a client, or gets a single token. It is the claim "sid" of its tokens. Everybody sees and ends their own; administrators, anybody\'s.',
    )
    .addHelpText('after', '\nExamples:\n  bir session list\n  bir session end 01a2237b-7af3-7487-a2b2-2fb8cce680d0')
  sessionList(command, act)
  sessionEnd(command, act)
}
