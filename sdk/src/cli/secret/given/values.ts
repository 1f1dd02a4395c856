import type { SecretField, SecretForm } from '../../../contract/secret-form.ts'
import { MAX_SECRET_BYTES, valueFault, withoutLineEnd } from '../../../contract/secret-value.ts'
import type { Environment } from '../../base/environment.ts'
import { badUsage } from '../../base/fault.ts'

type Form = Pick<SecretForm, 'server' | 'fields' | 'createAt'>
type Values = Record<string, string>

/** Where text is that is not UTF-8. */
const notText = '\uFFFD'

/** The name in `--field name=-`. Throws `CliFault`, which does not repeat what stands behind the equals sign. */
export function fieldOf(text: string): string {
  const [, name] = /^([^=]*)=-$/.exec(text) ?? []
  if (name !== undefined && name !== '') return name
  throw badUsage(
    text.includes('=')
      ? 'A value is never given on the command line, where the shell and other programs can read it: write --field <name>=- and give the value on stdin. If that was a real secret, make a new one.'
      : 'Write --field <name>=- and give the value on stdin.',
  )
}

/**
 * Reads the values of a secret: from the terminal, field by field, or from stdin. `named` are the fields that the
 * command line names. Throws `CliFault` for what cannot be a value, without repeating it.
 */
export async function readValues(environment: Environment, form: Form, named: readonly string[]): Promise<Values> {
  if (form.fields.length === 0)
    throw badUsage(
      `${form.server} needs no such secret: nothing was sent. Its settings may name a shared one: see "bir secret form ${form.server} --shared".`,
    )
  const fields = named.length === 0 ? form.fields : named.map((name) => fieldNamed(form, name))
  const { ask } = environment
  const values =
    ask === undefined
      ? valuesOn(await environment.readStdin(maxBytesOf(fields)), form, fields, named)
      : await askForEach(environment, form, fields)
  const faults = fields.flatMap((field) => {
    const value = values[field.name]
    const fault = value === undefined ? undefined : value.includes(notText) ? 'it is no text in UTF-8' : valueFault(value, field)
    return fault === undefined ? [] : [`${field.name}: ${fault}.`]
  })
  if (faults.length > 0) throw badUsage(`Nothing was sent: ${faults.join(' ')}`)
  return values
}

/** More than this is never read: some field would be too long. */
const maxBytesOf = (fields: readonly SecretField[]): number => fields.length * (MAX_SECRET_BYTES + 2)

function fieldNamed({ server, fields }: Form, name: string): SecretField {
  const field = fields.find((one) => one.name === name)
  if (field) return field
  throw badUsage(`The secret of ${server} has no field of the name in --field. It has ${listOf(fields)}.`)
}

async function askForEach({ ask, err }: Environment, { createAt }: Form, fields: readonly SecretField[]): Promise<Values> {
  if (createAt !== undefined) err(`You make one at ${createAt}\n`)
  const values: Values = {}
  for (const field of fields) {
    const { name, title, help, lines, required } = field
    if (help !== undefined) err(`${help}\n`)
    const how = [lines ? 'end it with Ctrl-D' : 'it is not shown', ...(required ? [] : ['Enter leaves it out'])].join('; ')
    const value = withoutLineEnd((await ask?.hidden(`${title} (${how}): `, { lines })) ?? '')
    if (value !== '' || required) values[name] = value
  }
  return values
}

/** One field is all that is read. Of several, each is a line, in the order of the options; the last has the rest. */
function valuesOn(text: string, form: Form, fields: readonly SecretField[], named: readonly string[]): Values {
  const [first] = fields
  if (first && fields.length === 1) return { [first.name]: withoutLineEnd(text) }
  if (named.length === 0) {
    throw badUsage(
      `The secret of ${form.server} has the fields ${listOf(fields)}. Name those that stdin gives, a line each in that order: ${fields.map(({ name }) => `--field ${name}=-`).join(' ')}. On a terminal you are asked for each.`,
    )
  }
  const rows = withoutLineEnd(text).split(/\r?\n/)
  if (rows.length < fields.length)
    throw badUsage(`stdin has ${rows.length === 1 ? 'one line' : `${rows.length} lines`}, and --field names ${fields.length} fields.`)
  return Object.fromEntries(fields.map(({ name }, at) => [name, at === fields.length - 1 ? rows.slice(at).join('\n') : (rows[at] ?? '')]))
}

const listOf = (fields: readonly SecretField[]): string => fields.map(({ name }) => name).join(', ')
