import type { ProviderProblem } from '@bir/sdk/contract/provider-state'
import type { z } from 'zod'
import type { ProviderFault } from './provider-fault.ts'

/** A fault as the API shows it. */
export const problemOf = ({ reason, whose, what, next }: ProviderFault): z.output<typeof ProviderProblem> => ({ reason, whose, what, next })
