import { ToolError } from '@bir/sdk/contract/errors'
import { z } from 'zod'
import type { ContentBlock } from '../protocol/tool-answer.ts'
import { complete } from './completion.ts'
import type { Completers, Completion } from './completion.ts'
import type { CallContext } from './context.ts'
import type { Asked } from './define-resource.ts'
import type { Typer } from './define-tool.ts'
import { InputRequired } from './input-required.ts'
import type { Round } from './round.ts'
import type { Awaitable } from '../runtime/awaitable.ts'

/** Arguments of prompts are strings, whatever they mean. */
export type PromptArgs = z.ZodObject<Record<string, z.ZodType<string | undefined, string | undefined>>, z.core.$strict>

export interface PromptMessage {
  role: 'user' | 'assistant'
  content: ContentBlock
}

/** What a person picks to begin with. Getting it takes the level `read`. */
export interface PromptSpec<Context, Args extends PromptArgs> {
  name: string
  title?: string
  description: string
  args: Args
  complete?: Completers<string & keyof z.output<Args>, Context>
  /** One message of the user's when it is only text. */
  render(args: z.output<Args>, context: Context): Awaitable<string | PromptMessage[] | InputRequired>
}

export interface PromptAnswer {
  readonly description: string
  readonly messages: readonly PromptMessage[]
}

export interface MountedPrompt {
  readonly name: string
  /** Its entry in `prompts/list`. */
  readonly entry: { name: string; title?: string; description: string; arguments: PromptArgument[] }
  /** Throws ToolError, now or later. */
  render(args: unknown, context: CallContext, round: Round): Awaitable<PromptAnswer | InputRequired>
  complete(asked: Asked, context: CallContext, round: Round): Promise<Completion | undefined>
}

export interface PromptArgument {
  name: string
  description?: string
  required: boolean
}

export function mountPrompt<Context, Args extends PromptArgs>(prompt: PromptSpec<Context, Args>, typed: Typer<Context>): MountedPrompt {
  const { name, title, description, args: type } = prompt
  const names = Object.keys(type.shape)
  const answered = (body: string | PromptMessage[] | InputRequired): PromptAnswer | InputRequired => {
    if (body instanceof InputRequired) return body
    return { description, messages: typeof body === 'string' ? [{ role: 'user', content: { type: 'text', text: body } }] : body }
  }
  return {
    name,
    entry: { name, ...(title !== undefined && { title }), description, arguments: names.map((each) => argumentOf(each, type)) },
    render(given, context, round) {
      const args = type.safeParse(given ?? {})
      if (!args.success) throw new ToolError('invalid_input', z.prettifyError(args.error), { hint: 'Correct the named arguments.' })
      const body = prompt.render(args.data, typed(context, round))
      return body instanceof Promise ? body.then(answered) : answered(body)
    },
    complete: (asked, context, round) => complete(names, prompt.complete, asked, () => typed(context, round)),
  }
}

function argumentOf(name: string, { shape }: PromptArgs): PromptArgument {
  const type = shape[name]
  const description = type?.description
  return { name, ...(description !== undefined && { description }), required: type?.safeParse(undefined).success === false }
}
