import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { z } from 'zod'
import type { ProviderTest } from '../../contract/provider-state.ts'
import type { Context } from '../base/context.ts'
import type { Environment } from '../base/environment.ts'
import { EXIT } from '../base/exit.ts'
import { CliFault, codeOf } from '../base/fault.ts'
import type { Define } from '../base/verb.ts'
import { printable } from '../output/printable.ts'

type Tested = z.infer<typeof ProviderTest>
interface Options {
  claims: string
  provider?: string
  json?: true
}

/** `bir provider test` shows whom the rules of a provider make of some claims. */
export const providerTest: Define = (parent, act) => {
  parent
    .command('test')
    .summary('who somebody with these claims would be')
    .description(
      'Runs the rules of a provider on claims, and says which rule matches and who would have signed in: handle, groups, role. Changes nothing. The file holds the claims as JSON, or an id token, which is not verified. Exits with 3 when the sign-in would be refused.',
    )
    .requiredOption('--claims <file>', 'the claims, or an id token; - is the standard input')
    .option('--provider <handle>', 'of which provider; may be left out where there is one alone')
    .option('--json', '{"provider","rule","problem","person","unknownGroups","changes","notes"}')
    .addHelpText(
      'after',
      '\nExamples:\n  bir provider test --claims claims.json\n  echo \'{"sub":"1","email":"ana@bank.example"}\' | bir provider test --claims - --provider corp',
    )
    .action(
      act<[Options]>(async (context, { claims: file, provider, json }) => {
        const claims = claimsIn(await textOf(file, context.environment), file)
        const { client } = await context.gateway()
        const tested = await client.providers.test({ claims, ...(provider === undefined ? {} : { provider }) })
        if (json) context.printJson(tested)
        else print(context, tested)
        return tested.problem ? EXIT.no : EXIT.ok
      }),
    )
}

async function textOf(file: string, { cwd, readStdin }: Environment): Promise<string> {
  if (file === '-') return readStdin()
  try {
    return await readFile(resolve(cwd, file), 'utf8')
  } catch (cause) {
    throw new CliFault('bad_file', `${file} cannot be read (${codeOf(cause)}).`, { exit: EXIT.badInput, file, cause })
  }
}

/** Only the middle part of a token has claims. */
function claimsIn(text: string, file: string): Record<string, unknown> {
  const [, payload] = /^[\w-]+\.([\w-]+)\.[\w-]*$/.exec(text.trim()) ?? []
  try {
    const value: unknown = JSON.parse(payload === undefined ? text : Buffer.from(payload, 'base64url').toString())
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // Said below, in the same words.
  }
  throw new CliFault('bad_file', `${file === '-' ? 'The standard input' : file} holds neither claims as a JSON object nor an id token.`, {
    exit: EXIT.badInput,
  })
}

function print({ print, note, paint }: Context, { provider, rule, problem, person, unknownGroups, changes, notes }: Tested): void {
  print(`provider ${provider}, ${ruleText(rule)}`)
  if (problem) print(`${paint('bad', 'refused')}: ${printable(`${problem.what} ${problem.next}`.trim())}`)
  if (person) {
    print(`${person.handle}${person.isNew ? ' (signs in for the first time)' : ''}${person.disabled ? ' (disabled: cannot come in)' : ''}`)
    print(`  subject        ${printable(person.subject)}`)
    print(`  name           ${printable(person.name ?? '-')}`)
    print(
      `  address        ${printable(person.email ?? '-')}${person.email === null ? '' : person.emailVerified ? ' (verified)' : ' (not verified)'}`,
    )
    print(`  administrator  ${person.administrator ? 'yes' : 'no'}`)
    print(`  groups         ${person.groups.join(', ') || '-'}`)
  }
  if (unknownGroups.length > 0) print(`  not here       ${printable(unknownGroups.join(', '))}`)
  if (changes !== null) print(`would change: ${printable(changes)}`)
  for (const sentence of notes) note(sentence)
}

function ruleText(rule: number | null): string {
  if (rule === null) return 'no rule matches'
  return rule === 0 ? 'which has no rules' : `rule ${rule} matches`
}
