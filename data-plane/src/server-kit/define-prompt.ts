import { ToolError } from '@bir/sdk/contract/errors'
import { argumentFaults } from '@bir/sdk/contract/schema-faults'
import type { z } from 'zod'
import type { ContentBlock } from '../protocol/tool-answer.ts'
import { complete } from './completion.ts'
import type { Completers, Completion, CompletionRequest } from './completion.ts'
import type { CallContext } from './context.ts'
import type { ContextFactory } from './define-tool.ts'
import { InputRequired } from './input-required.ts'
import type { Round } from './round.ts'
import type { Awaitable } from '../runtime/awaitable.ts'

/** The arguments of a prompt. In MCP each of them is a string. */
export type PromptArgs = z.ZodObject<Record<string, z.ZodType<string | undefined, string | undefined>>, z.core.$strict>

export interface PromptMessage {
  role: 'user' | 'assistant'
  content: ContentBlock
}

/** A prompt, which a person picks to begin a conversation. Getting it requires the level `read`. */
export interface PromptSpec<Context, Args extends PromptArgs> {
  name: string
  title?: string
  description: string
  args: Args
  complete?: Completers<string & keyof z.output<Args>, Context>
  /** A string becomes one message of the role `user`. */
  render(args: z.output<Args>, context: Context): Awaitable<string | PromptMessage[] | InputRequired>
}

export interface PromptAnswer {
  readonly description: string
  readonly messages: readonly PromptMessage[]
}

export interface MountedPrompt {
  readonly name: string
  /** The prompt's entry in `prompts/list`. */
  readonly entry: { name: string; title?: string; description: string; arguments: PromptArgument[] }
  /** Throws ToolError, or rejects with it. */
  render(args: unknown, context: CallContext, round: Round): Awaitable<PromptAnswer | InputRequired>
  complete(request: CompletionRequest, context: CallContext, round: Round): Promise<Completion | undefined>
}

export interface PromptArgument {
  name: string
  description?: string
  required: boolean
}

export function mountPrompt<Context, Args extends PromptArgs>(
  prompt: PromptSpec<Context, Args>,
  makeContext: ContextFactory<Context>,
): MountedPrompt {
  const { name, title, description, args: type } = prompt
  const names = Object.keys(type.shape)
  const toAnswer = (body: string | PromptMessage[] | InputRequired): PromptAnswer | InputRequired => {
    if (body instanceof InputRequired) return body
    return { description, messages: typeof body === 'string' ? [{ role: 'user', content: { type: 'text', text: body } }] : body }
  }
  return {
    name,
    entry: { name, ...(title !== undefined && { title }), description, arguments: names.map((argument) => argumentOf(argument, type)) },
    render(args, context, round) {
      const parsed = type.safeParse(args ?? {})
      if (!parsed.success)
        throw new ToolError('invalid_input', argumentFaults(parsed.error, args), { hint: 'Correct the named arguments.' })
      const body = prompt.render(parsed.data, makeContext(context, round))
      return body instanceof Promise ? body.then(toAnswer) : toAnswer(body)
    },
    complete: (request, context, round) => complete(names, prompt.complete, request, () => makeContext(context, round)),
  }
}

function argumentOf(name: string, { shape }: PromptArgs): PromptArgument {
  const type = shape[name]
  const description = type?.description
  return { name, ...(description !== undefined && { description }), required: type?.safeParse(undefined).success === false }
}
