import { ToolError } from '@bir/sdk/contract/errors'
import type { Level } from '@bir/sdk/contract/level'
import { z } from 'zod'
import type { ContentBlock, ToolAnswer } from '../protocol/tool-answer.ts'
import type { CallContext } from './context.ts'
import { InputRequired } from './input-required.ts'
import { unheard } from './round.ts'
import type { Round } from './round.ts'
import type { Awaitable } from '../runtime/awaitable.ts'

/** An argument nobody knows is a mistake to be told, not to be passed over: inputs are strict, by type. */
export type StrictObject = z.ZodObject<z.ZodRawShape, z.core.$strict>

/** Gives a handler's context from a call's. */
export type Typer<Context> = (context: CallContext, round: Round) => Context

export interface ToolSpec<Context, Input extends z.ZodObject, Output extends z.ZodObject, Result> {
  /** `verb` or `verb_object`. */
  name: string
  description: string
  level: Exclude<Level, 'disabled'>
  /** Repeating the call changes nothing more. Reading always is. */
  idempotent?: boolean
  /** Content written by third parties may come back. */
  openWorld?: boolean
  input: Input
  /** Also the projection: what it does not name never leaves. */
  output: Output
  run(args: z.output<Input>, context: Context): Result | InputRequired | Promise<Result | InputRequired>
  /** The answer for a reader, beside the structured one. Compact JSON when not given. */
  text?(result: Result): string
  /** The `ui://` resource in which hosts of MCP Apps show the answer. */
  view?: string
  /** Blocks that follow the text, such as an image. */
  blocks?(result: Result): ContentBlock[]
}

/** A tool ready to be called with anything a client may send. */
export interface MountedTool {
  readonly name: string
  readonly description: string
  readonly level: Level
  /** Its entry in `tools/list`. */
  readonly entry: { name: string; description: string; inputSchema: object; outputSchema: object; annotations: object; _meta?: object }
  /** Throws ToolError, now or later. Without a round nobody can be asked: a tool that tries breaks. */
  call(args: unknown, context: CallContext): Awaitable<ToolAnswer>
  call(args: unknown, context: CallContext, round: Round): Awaitable<ToolAnswer | InputRequired>
}

/** A tool from its declaration: arguments are parsed, the answer is projected. */
export function mountTool<Context, Input extends StrictObject, Output extends z.ZodObject, Result extends z.input<Output>>(
  tool: ToolSpec<Context, Input, Output, Result>,
  typed: Typer<Context>,
): MountedTool {
  const answered = (result: Result | InputRequired, round: Round | undefined): ToolAnswer | InputRequired => {
    if (!(result instanceof InputRequired)) return answerOf(tool, result)
    if (round) return result
    throw new Error(`${tool.name} asks for input where nobody can be asked`)
  }

  function call(args: unknown, context: CallContext): Awaitable<ToolAnswer>
  function call(args: unknown, context: CallContext, round?: Round): Awaitable<ToolAnswer | InputRequired>
  function call(args: unknown, context: CallContext, round?: Round): Awaitable<ToolAnswer | InputRequired> {
    const input = tool.input.safeParse(args ?? {})
    if (!input.success) throw new ToolError('invalid_input', z.prettifyError(input.error), { hint: 'Correct the named arguments.' })
    const result = tool.run(input.data, typed(context, round ?? unheard))
    return result instanceof Promise ? result.then((later) => answered(later, round)) : answered(result, round)
  }

  return {
    name: tool.name,
    description: tool.description,
    level: tool.level,
    entry: {
      name: tool.name,
      description: tool.description,
      inputSchema: schemaOf(tool.input, 'input'),
      outputSchema: schemaOf(tool.output, 'output'),
      annotations: annotations(tool),
      ...(tool.view !== undefined && { _meta: { ui: { resourceUri: tool.view } } }),
    },
    call,
  }
}

function answerOf<Output extends z.ZodObject, Result>(tool: Answering<Output, Result>, result: Result): ToolAnswer {
  const structuredContent = tool.output.parse(result)
  const content: ContentBlock[] = [{ type: 'text', text: tool.text?.(result) ?? JSON.stringify(structuredContent) }]
  if (tool.blocks) content.push(...tool.blocks(result))
  return { content, structuredContent }
}

interface Answering<Output, Result> {
  output: Output
  text?(result: Result): string
  blocks?(result: Result): ContentBlock[]
}

/** Derived from the level, never typed by hand, so that they cannot disagree with what is enforced. */
function annotations({ level, idempotent, openWorld }: { level: Level; idempotent?: boolean; openWorld?: boolean }) {
  return {
    readOnlyHint: level === 'read',
    destructiveHint: level === 'destroy',
    idempotentHint: level === 'read' || idempotent === true,
    openWorldHint: openWorld === true,
  }
}

/** The dialect goes without saying, unless the declaration says it. */
function schemaOf(type: z.ZodObject, io: 'input' | 'output'): object {
  const { $schema, ...schema } = z.toJSONSchema(type, { io })
  return type.meta()?.['$schema'] === undefined ? schema : { $schema, ...schema }
}
