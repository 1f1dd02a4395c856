import { Command, CommanderError } from 'commander'
import { contextOf } from './base/context.ts'
import { EXIT } from './base/exit.ts'
import type { ExitCode } from './base/exit.ts'
import { badUsage, faultJson, faultText, toCliFault } from './base/fault.ts'
import type { Gateway } from './base/gateway.ts'
import { findGateway } from './gateway/find-gateway.ts'
import { programOf } from './program.ts'
import type { Environment } from './base/environment.ts'

/** Runs one command line. Never throws: a failure becomes one sentence on stderr and an exit code. */
export async function run(args: readonly string[], environment: Environment): Promise<ExitCode> {
  let exit: ExitCode = EXIT.ok
  let gateway: Promise<Gateway> | undefined
  const context = contextOf(environment, () => (gateway ??= findGateway(environment)))
  let command: Command | undefined
  const program = programOf(environment, (verb) => async (...args) => {
    const last = args.at(-1)
    if (last instanceof Command) command = last
    exit = await verb(context, ...args)
  })

  try {
    await program.parseAsync(helpLast(args), { from: 'user' })
    return exit
  } catch (error) {
    if (error instanceof CommanderError && helpCodes.has(error.code)) return error.exitCode === 0 ? EXIT.ok : EXIT.badInput
    const fault = error instanceof CommanderError ? usageFault(error) : toCliFault(error, command)
    environment.err(args.includes('--json') ? faultJson(fault) : faultText(fault))
    return fault.exit
  }
}

/** `help secret put` is `secret put --help`: commander itself reads one word behind `help`. */
const helpLast = (args: readonly string[]): readonly string[] => {
  const [first, ...path] = args
  return first === 'help' && path.length > 1 ? [...path, '--help'] : args
}

/** With these codes commander has printed help already, so there is no fault to report. */
const helpCodes = new Set(['commander.help', 'commander.helpDisplayed', 'commander.version'])

const usageFault = ({ message }: CommanderError) => badUsage(message.replace(/^error: /, ''))
