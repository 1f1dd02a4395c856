import { asSentence, schemaFaults } from '@bir/sdk/contract/schema-faults'
import { z } from 'zod'
import type { MountedServer } from '../../server-kit/define.ts'
import { INVALID_PARAMS } from '../../protocol/facts/rpc-codes.ts'
import { UpstreamRpcError } from '../upstream.ts'
import type { MountedRequest } from './mounted-request.ts'

const CompleteParams = z.looseObject({
  ref: z.discriminatedUnion('type', [
    z.looseObject({ type: z.literal('ref/prompt'), name: z.string() }),
    z.looseObject({ type: z.literal('ref/resource'), uri: z.string() }),
  ]),
  argument: z.looseObject({ name: z.string(), value: z.string() }),
  context: z.looseObject({ arguments: z.record(z.string(), z.string()).optional() }).optional(),
})

/** `completion/complete` of an argument of a prompt, or of a variable of a resource template. */
export async function complete(server: MountedServer, request: MountedRequest): Promise<object> {
  const params = CompleteParams.safeParse(request.params)
  if (!params.success) throw new UpstreamRpcError(INVALID_PARAMS, asSentence(schemaFaults(params.error)))
  const { ref, argument, context } = params.data
  const query = { name: argument.name, typed: argument.value, given: context?.arguments ?? {} }
  const offer = ref.type === 'ref/prompt' ? server.prompts.get(ref.name) : server.templates.get(ref.uri)
  const completion = await offer?.complete(query, request.context, request)
  if (!completion)
    throw new UpstreamRpcError(
      INVALID_PARAMS,
      offer ? `Unknown argument: ${argument.name.slice(0, 200)}` : 'Unknown prompt or resource template',
    )
  return { completion }
}
