import type { SecretField } from '@bir/sdk/contract/secret-form'
import type { SecretFields, SecretHolderKind } from '@bir/sdk/contract/secret-holder'
import { valueFault } from '@bir/sdk/contract/secret-value'
import { kindOfToken } from '@bir/sdk/contract/token-kind'
import { ApiError } from '../../base/api-error.ts'
import type { SecretNeed } from '../need.ts'

/** The fields that a holder of this kind may give for the server. */
export function fieldsFor(need: SecretNeed, kind: SecretHolderKind): SecretField[] {
  return kind === 'shared' ? [...need.personal, ...need.named] : [...need.personal]
}

/** Refuses fields that the server has not, and values that cannot be one. No fault holds a value. */
export function refuseBadFields(server: string, allowed: readonly SecretField[], given: SecretFields): void {
  const names = allowed.map(({ name }) => name)
  const faults = Object.entries(given).flatMap(([name, value]) => {
    const field = allowed.find((one) => one.name === name)
    if (!field) return [`${unknownField(name)}; ${server} has ${names.join(', ')}`]
    const fault = valueFault(value, field)
    return fault === undefined ? [] : [`fields.${name}: ${fault}`]
  })
  if (Object.keys(given).length === 0) faults.push(`fields: name the fields to save; ${server} has ${names.join(', ')}`)
  if (faults.length > maxFaults) faults.splice(maxFaults, Infinity, `and ${faults.length - maxFaults} more`)
  if (faults.length > 0) throw new ApiError('invalid_input', faults.join('\n'))
}

/** No server has so many fields. */
const maxFaults = 20
const maxNameChars = 32

/** Somebody may have written the value where the name belongs. */
function unknownField(name: string): string {
  const looksLikeName = /^[a-z][a-z._-]*$/i.test(name) && name.length <= maxNameChars && kindOfToken(name) === undefined
  return looksLikeName ? `fields.${name}: there is no such field` : 'fields: there is no field of a name that was given'
}

/** The whole secret: what is given, and of the stored one what is not. */
export function mergedFields(allowed: readonly SecretField[], stored: SecretFields, given: SecretFields): SecretFields {
  const known = new Set(allowed.map(({ name }) => name))
  return { ...Object.fromEntries(Object.entries(stored).filter(([name]) => known.has(name))), ...given }
}

/** Refuses a secret that is not whole. */
export function refuseMissing(need: SecretNeed, kind: SecretHolderKind, fields: SecretFields): void {
  const missing = missingIn(need, kind, fields)
  if (missing.length > 0)
    throw new ApiError('invalid_input', missing.map(({ name, title }) => `fields.${name}: is missing (${title})`).join('\n'))
}

/** The fields without which it is not whole. A shared secret may have the fields of the settings alone. */
function missingIn(need: SecretNeed, kind: SecretHolderKind, fields: SecretFields): SecretField[] {
  const has = ({ name }: SecretField) => Object.hasOwn(fields, name)
  if (kind === 'shared' && !need.personal.some(has) && need.named.length > 0) return need.named.some(has) ? [] : [...need.named]
  return need.personal.filter((field) => field.required && !has(field))
}

/** Whether its check can say anything of it. A shared secret may hold only what the settings name. */
export const canBeTried = (need: SecretNeed, fields: SecretFields): boolean => canTryFields(need, Object.keys(fields))

/** Whether a check can say anything of a secret with fields of these names. */
export function canTryFields({ personal, mounted, settings }: SecretNeed, names: readonly string[]): boolean {
  // A shared secret of this server is what its settings name, which nothing tries.
  if (mounted && !mounted.canProve && personal.length === 0) return false
  if (!mounted?.canProve) return personal.every(({ name, required }) => !required || names.includes(name))
  try {
    return mounted.canProve(settings, names)
  } catch {
    // Settings of another version: the check says that it cannot read them.
    return true
  }
}

/** What is wrong with a secret that lies in the store, without its values: others may write there. */
export function storedFault(need: SecretNeed, kind: SecretHolderKind, fields: SecretFields): string | undefined {
  const missing = missingIn(need, kind, fields).map(({ name }) => `it has no field ${name}`)
  const faults = fieldsFor(need, kind).flatMap((field) => {
    const value = Object.hasOwn(fields, field.name) ? fields[field.name] : undefined
    const fault = value === undefined ? undefined : valueFault(value, field)
    return fault === undefined ? [] : [`${field.name}: ${fault}`]
  })
  return [...missing, ...faults].join('; ') || undefined
}
