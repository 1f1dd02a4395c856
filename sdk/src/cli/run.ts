import { CommanderError } from 'commander'
import { contextOf } from './base/context.ts'
import { EXIT } from './base/exit.ts'
import type { ExitCode } from './base/exit.ts'
import { CliFault, faultOf, jsonOf, wordsOf } from './base/fault.ts'
import { findGateway } from './base/gateway.ts'
import type { Gateway } from './base/gateway.ts'
import { programOf } from './program.ts'
import type { Environment } from './base/environment.ts'

/** Runs one command line to its end. Never throws: whatever goes wrong is one sentence on stderr and an exit code. */
export async function run(args: readonly string[], around: Environment): Promise<ExitCode> {
  let exit: ExitCode = EXIT.ok
  let found: Promise<Gateway> | undefined
  const context = contextOf(around, () => (found ??= findGateway(around)))
  const program = programOf(around, (verb) => async (...given) => {
    exit = await verb(context, ...given)
  })

  try {
    await program.parseAsync(args, { from: 'user' })
    return exit
  } catch (error) {
    if (error instanceof CommanderError && shown.has(error.code)) return error.exitCode === 0 ? EXIT.ok : EXIT.badInput
    const fault = error instanceof CommanderError ? usageFault(error) : faultOf(error)
    around.err(args.includes('--json') ? jsonOf(fault) : wordsOf(fault))
    return fault.exit
  }
}

/** Help was printed; there is nothing to add. */
const shown = new Set(['commander.help', 'commander.helpDisplayed', 'commander.version'])

const usageFault = ({ message }: CommanderError) => new CliFault('usage', message.replace(/^error: /, ''), { exit: EXIT.badInput })
