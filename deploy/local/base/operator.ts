import { createOperator, readOsUser } from '@bir/sdk/operator'
import type { OperatorKey } from '@bir/sdk/operator'

/** Signs an assertion of the operator, for the API or to act for a person. It is valid for a minute. */
export async function operatorAssertion(key: OperatorKey, issuer: string, person?: string): Promise<string> {
  const operator = await createOperator(key, { issuer, osUser: readOsUser() })
  return operator.signAssertion(person)
}
