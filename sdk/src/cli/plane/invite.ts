import { momentOf } from '../base/duration.ts'
import { EXIT } from '../base/exit.ts'
import { badUsage } from '../base/fault.ts'
import type { Define } from '../base/verb.ts'

interface Options {
  name?: string
  uses: string
  until: string
  json?: true
}

/** `bir plane invite` prints a line with which a data plane joins. */
export const planeInvite: Define = (parent, act) => {
  parent
    .command('invite')
    .summary('print a line that lets a data plane join')
    .description(
      'Prints a line that lets a data plane join, alone on its line: the value of the setting BIR_JOIN of that plane, or the content of the file that BIR_JOIN_FILE names. It holds a secret and is shown this once. The plane needs it only for its first start.',
    )
    .option('--name <plane>', 'only for a plane of this name (PLANE_NAME)')
    .option('--uses <n>', 'how many planes may join with it', '1')
    .option('--until <when>', 'how long it is good: a duration such as 2h, or a moment', '1h')
    .option('--json', '{"id","line","name","uses","until"}')
    .addHelpText(
      'after',
      '\nExamples:\n  bir plane invite > join.txt\n  bir plane invite --name berlin-2 --until 1d\n  bir plane invite --uses 20 --until 2027-01-31T00:00:00Z --json',
    )
    .action(
      act<[Options]>(async (context, { name, uses, until, json }) => {
        if (!/^[1-9]\d{0,3}$/.test(uses) || Number(uses) > 1000) throw badUsage(`--uses ${uses}: write a number from 1 to 1000.`)
        const ask = { uses: Number(uses), until: momentOf(until, context.environment.nowMs()), ...(name !== undefined && { name }) }
        const { client } = await context.gateway()
        const made = await client.planes.invite(ask)
        if (json) {
          context.printJson(made)
          return EXIT.ok
        }
        context.print(made.line)
        const who = `${made.uses === 1 ? 'one plane' : `${made.uses} planes`}${made.name === null ? '' : ` called ${made.name}`}`
        context.note(`The line admits ${who} until ${made.until}. Its id is ${made.id}: see "bir plane lines".`)
        return EXIT.ok
      }),
    )
}
