import { ToolError } from '@bir/sdk/contract/errors'
import { argumentFaults } from '@bir/sdk/contract/schema-faults'
import type { Level } from '@bir/sdk/contract/level'
import { z } from 'zod'
import type { ContentBlock, ToolAnswer } from '../protocol/tool-answer.ts'
import type { CallContext } from './context.ts'
import { InputRequired } from './input-required.ts'
import { NO_CLIENT_ROUND } from './round.ts'
import type { Round } from './round.ts'
import type { Awaitable } from '../runtime/awaitable.ts'

/**
 * The type of an input. It is strict: an unknown argument is an error that the caller must learn of, so it is not
 * ignored.
 */
export type StrictObject = z.ZodObject<z.ZodRawShape, z.core.$strict>

/** Makes a handler's context out of the call's context and its round. */
export type ContextFactory<Context> = (context: CallContext, round: Round) => Context

export interface ToolSpec<Context, Input extends z.ZodObject, Output extends z.ZodObject, Result> {
  /** `verb` or `verb_object`. */
  name: string
  description: string
  level: Exclude<Level, 'disabled'>
  /** Repeating the call has no further effect. Tools of the level `read` are always idempotent. */
  idempotent?: boolean
  /** The answer may hold content that third parties wrote. */
  openWorld?: boolean
  input: Input
  /** Also a projection: a field that it does not name is removed from the answer. */
  output: Output
  run(args: z.output<Input>, context: Context): Result | InputRequired | Promise<Result | InputRequired>
  /** The text of the answer, beside the structured content. The default is that content as compact JSON. */
  text?(result: Result): string
  /** The `ui://` resource in which hosts of MCP Apps display the answer. */
  view?: string
  /** Blocks that follow the text, such as an image. */
  blocks?(result: Result): ContentBlock[]
}

/** A tool that checks its arguments itself: any JSON value may be passed to `call`. */
export interface MountedTool {
  readonly name: string
  readonly description: string
  readonly level: Level
  /** Its entry in `tools/list`. */
  readonly entry: { name: string; description: string; inputSchema: object; outputSchema: object; annotations: object; _meta?: object }
  /**
   * Throws ToolError, or rejects with it. Without `round` there is no client to ask for input: a tool that asks for
   * it fails with an error.
   */
  call(args: unknown, context: CallContext): Awaitable<ToolAnswer>
  call(args: unknown, context: CallContext, round: Round): Awaitable<ToolAnswer | InputRequired>
}

/** Makes a tool out of its declaration. `call` parses the arguments and projects the result on the declared output. */
export function mountTool<Context, Input extends StrictObject, Output extends z.ZodObject, Result extends z.input<Output>>(
  tool: ToolSpec<Context, Input, Output, Result>,
  makeContext: ContextFactory<Context>,
): MountedTool {
  const toAnswer = (result: Result | InputRequired, round: Round | undefined): ToolAnswer | InputRequired => {
    if (!(result instanceof InputRequired)) return answerOf(tool, result)
    if (round) return result
    throw new Error(`${tool.name} asks for input where nobody can be asked`)
  }

  function call(args: unknown, context: CallContext): Awaitable<ToolAnswer>
  function call(args: unknown, context: CallContext, round?: Round): Awaitable<ToolAnswer | InputRequired>
  function call(args: unknown, context: CallContext, round?: Round): Awaitable<ToolAnswer | InputRequired> {
    const input = tool.input.safeParse(args ?? {})
    if (!input.success) throw new ToolError('invalid_input', argumentFaults(input.error, args), { hint: 'Correct the named arguments.' })
    const result = tool.run(input.data, makeContext(context, round ?? NO_CLIENT_ROUND))
    return result instanceof Promise ? result.then((resolved) => toAnswer(resolved, round)) : toAnswer(result, round)
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
      annotations: annotationsOf(tool),
      ...(tool.view !== undefined && { _meta: { ui: { resourceUri: tool.view } } }),
    },
    call,
  }
}

function answerOf<Output extends z.ZodObject, Result>(tool: AnswerSpec<Output, Result>, result: Result): ToolAnswer {
  const structuredContent = tool.output.parse(result)
  const content: ContentBlock[] = [{ type: 'text', text: tool.text?.(result) ?? JSON.stringify(structuredContent) }]
  if (tool.blocks) content.push(...tool.blocks(result))
  return { content, structuredContent }
}

interface AnswerSpec<Output, Result> {
  output: Output
  text?(result: Result): string
  blocks?(result: Result): ContentBlock[]
}

/** Derived from the level, so that the annotations cannot contradict what the gateway enforces. */
function annotationsOf({ level, idempotent, openWorld }: { level: Level; idempotent?: boolean; openWorld?: boolean }) {
  return {
    readOnlyHint: level === 'read',
    destructiveHint: level === 'destroy',
    idempotentHint: level === 'read' || idempotent === true,
    openWorldHint: openWorld === true,
  }
}

const briefs = new WeakMap<z.core.$ZodType, readonly string[]>()

/**
 * A part of an input or output of which `tools/list` tells little, because every client pays for every word there: its
 * type and description, and of an object these members. It is checked and projected all the same.
 */
export function inBrief<Type extends z.ZodType>(type: Type, members: readonly string[] = []): Type {
  briefs.set(type, members)
  return type
}

/** Leaves out `$schema`, unless the declaration sets it. */
function schemaOf(type: z.ZodObject, io: 'input' | 'output'): object {
  const { $schema, ...schema } = z.toJSONSchema(type, { io, override: shorten })
  return type.meta()?.['$schema'] === undefined ? schema : { $schema, ...schema }
}

function shorten({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodType; jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  const members = briefs.get(zodSchema)
  if (!members) return
  const { type, description, properties = {} } = jsonSchema
  for (const name of Object.keys(jsonSchema)) Reflect.deleteProperty(jsonSchema, name)
  const kept = Object.fromEntries(members.flatMap((name) => (properties[name] === undefined ? [] : [[name, properties[name]]])))
  Object.assign(jsonSchema, { ...(description !== undefined && { description }), type })
  if (members.length > 0) Object.assign(jsonSchema, { properties: kept, required: members })
}
