import { ToolError } from '@bir/sdk/contract/errors'
import type { SecretFields } from '@bir/sdk/contract/secret-holder'
import type { SecretRef } from '@bir/sdk/contract/secret-ref'

/** The field of a person's secret that settings name. Rejects with `ToolError` `secret_missing` where there is none. */
export async function fieldOf(fields: SecretFields | undefined, { secret: name }: SecretRef): Promise<string> {
  const value = fields && Object.hasOwn(fields, name) ? fields[name] : undefined
  if (value !== undefined) return value
  throw new ToolError('secret_missing', `Your secret has no field ${name}.`, { hint: 'Save it again, with all its fields.' })
}
