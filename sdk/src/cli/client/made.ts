import type { Client } from '../../client.ts'
import type { Context } from '../base/context.ts'

type Made = Awaited<ReturnType<Client['clients']['create']>>

/** Prints a client's id and its secret, of which the gateway keeps only a hash, or where its key was written. */
export function printMade(context: Context, made: Made, { json, keyFile }: { json?: true; keyFile?: string }): void {
  if (json) return context.printJson({ ...made, ...(keyFile !== undefined && { keyFile }) })
  context.print(`client id      ${made.clientId}`)
  if (keyFile !== undefined) context.print(`key file       ${keyFile}`)
  if (made.clientSecret === null) return
  context.print(`client secret  ${made.clientSecret}`)
  context.note('The secret is shown only now: keep it where you keep passwords.')
}
