import { ServerId } from '../../../contract/names.ts'
import { kindOfToken } from '../../../contract/token-kind.ts'
import { badUsage } from '../../base/fault.ts'

/** Checks the id of a server. Throws `CliFault`, which does not repeat the text: it may be the secret by mistake. */
export function serverOf(text: string): string {
  const kind = kindOfToken(text)
  if (kind !== undefined)
    throw badUsage(`The first argument is the id of a server, and this looks like ${kind}. It is on your command line now: make a new one.`)
  if (ServerId.safeParse(text).success) return text
  throw badUsage('The first argument is the id of a server: 1-32 of a-z 0-9 -, as "bir secret list" shows it.')
}
