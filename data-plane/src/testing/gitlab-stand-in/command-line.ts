import { parseArgs } from 'node:util'

export const HELP = `A stand-in of GitLab, to try things by hand. It is no GitLab: it knows what the tools ask, keeps nothing, and
listens on 127.0.0.1 only. When it starts it prints its address, and a token of every kind.

  --port <number>   where it listens; without it, at a free port
  --prefix <path>   the path below which it lies, such as /gitlab
  --help            prints this

Revoke a token: curl -X DELETE -H "PRIVATE-TOKEN: …" <url>/api/v4/personal_access_tokens/self
`

export interface Asked {
  port: number
  prefix: string
}

const options = { port: { type: 'string' }, prefix: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const

/** What the arguments ask for. */
export function askedOf(args: string[]): Asked | 'help' | 'wrong' {
  const values = valuesOf(args)
  if (values === undefined) return 'wrong'
  const { port = '0', prefix = '', help = false } = values
  if (help) return 'help'
  const isGood = /^\d{1,5}$/.test(port) && Number(port) < 65_536 && /^(\/[\w.-]+)*$/.test(prefix)
  return isGood ? { port: Number(port), prefix } : 'wrong'
}

function valuesOf(args: string[]) {
  try {
    return parseArgs({ args, options }).values
  } catch {
    return undefined
  }
}
