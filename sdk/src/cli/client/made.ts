import type { Client } from '../../client.ts'
import type { Context } from '../base/context.ts'

type Made = Awaited<ReturnType<Client['clients']['create']>>

/** Prints a client's id and its secret. The gateway keeps only a hash: nobody can read it again. */
export function printMade(context: Context, made: Made, { json }: { json?: true }): void {
  if (json) return context.printJson(made)
  context.print(`client id      ${made.clientId}`)
  if (made.clientSecret === null) return
  context.print(`client secret  ${made.clientSecret}`)
  context.note('The secret is shown only now: keep it where you keep passwords.')
}
