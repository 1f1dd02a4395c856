import type { SecretForm } from '../../contract/secret-form.ts'
import { printable } from '../output/printable.ts'
import type { Context } from '../base/context.ts'
import type { SecretResult } from './holder.ts'

/**
 * Prints what the service said of a secret: the word first, alone on its line; then whose it is and what it may do, or
 * what to do next. `after` says what became of it.
 */
export function printResult(
  context: Context,
  result: SecretResult,
  { after, createAt }: { after: string; createAt?: SecretForm['createAt'] },
): void {
  const isGood = result.verdict === 'ok' || result.verdict === 'unchecked'
  context.print(context.paint(isGood ? 'good' : 'bad', result.verdict))
  for (const text of [result.says, after]) if (text !== '') context.print(printable(text))
  const facts = isGood ? factsOf(result) : [['missing', result.missing?.join(', ')] as const]
  for (const [name, value] of facts) {
    if (value !== undefined && value !== '') context.print(printable(`  ${name.padEnd(7)}  ${value}`))
  }
  for (const warning of result.warnings ?? []) context.print(printable(`  warning  ${warning}`))
  if (!isGood && createAt !== undefined && asksForAnother.has(result.verdict)) context.print(printable(`You make one at ${createAt}`))
  if (result.retryAfterS !== undefined) context.print(`Try again in ${result.retryAfterS} seconds.`)
}

/** With these another secret is needed; with the others the same one may be good later. */
const asksForAnother = new Set(['invalid', 'expired', 'insufficient_scope', 'wrong_kind', 'wrong_person'])

function factsOf({ owner, scopes, level, expiresAt }: SecretResult): (readonly [string, string | undefined])[] {
  const person = owner && [owner.login, [owner.name, owner.email].filter((part) => part !== undefined).join(', ')]
  return [
    ['owner', person && `${person[0] ?? ''}${person[1] ? ` (${person[1]})` : ''}`],
    ['scopes', scopes?.join(', ')],
    ['level', level],
    ['expires', expiresAt],
  ]
}
