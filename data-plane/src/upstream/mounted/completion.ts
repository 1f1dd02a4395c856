import { z } from 'zod'
import type { MountedServer } from '../../server-kit/define.ts'
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

/** `completion/complete` of a prompt's argument or a template's variable. */
export async function completed(server: MountedServer, request: MountedRequest): Promise<object> {
  const params = CompleteParams.safeParse(request.params)
  if (!params.success) throw new UpstreamRpcError(-32602, z.prettifyError(params.error))
  const { ref, argument, context } = params.data
  const asked = { name: argument.name, typed: argument.value, given: context?.arguments ?? {} }
  const of = ref.type === 'ref/prompt' ? server.prompts.get(ref.name) : server.templates.get(ref.uri)
  const completion = await of?.complete(asked, request.context, request)
  if (!completion)
    throw new UpstreamRpcError(-32602, of ? `Unknown argument: ${argument.name.slice(0, 200)}` : 'Unknown prompt or resource template')
  return { completion }
}
