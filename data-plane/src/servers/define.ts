import { ToolError } from '@bir/sdk/contract/errors'
import type { Level } from '@bir/sdk/contract/level'
import type { SecretRef } from '@bir/sdk/contract/secret-ref'
import type { TableRules } from '@bir/sdk/contract/tables'
import { z } from 'zod'
import type { ContentBlock, ToolAnswer } from './answer.ts'
import type { CallContext, Caller } from './context.ts'
import type { CheckStep, GatewayView } from './gateway-view.ts'

/** What a server is, before its tools. `settings` are the administrator's, `secret` is the person's own. */
export interface ServerSpec<Settings extends z.ZodType, Secret extends z.ZodType> {
  id: string
  title: string
  settings: Settings
  secret?: Secret
  /** Tries settings and secret against the real service; throws ToolError to say what is wrong. */
  check?(context: Typed<Settings, Secret>): Promise<CheckStep[]>
}

export type Typed<Settings extends z.ZodType, Secret extends z.ZodType> = Omit<CallContext, 'settings' | 'secret'> & {
  settings: z.output<Settings>
  secret: z.output<Secret>
}

/** An argument nobody knows is a mistake to be told, not to be passed over: inputs are strict, by type. */
type StrictObject = z.ZodObject<z.ZodRawShape, z.core.$strict>

export interface ToolSpec<
  Settings extends z.ZodType,
  Secret extends z.ZodType,
  Input extends z.ZodObject,
  Output extends z.ZodObject,
  Result,
> {
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
  run(args: z.output<Input>, context: Typed<Settings, Secret>): Result | Promise<Result>
  /** The answer for a reader, beside the structured one. Compact JSON when not given. */
  text?(result: Result): string
  /** Blocks that follow the text, such as an image. */
  blocks?(result: Result): ContentBlock[]
}

/** A tool ready to be called with anything a client may send. */
export interface MountedTool {
  readonly name: string
  readonly description: string
  readonly level: Level
  /** Its entry in `tools/list`. */
  readonly entry: { name: string; description: string; inputSchema: object; outputSchema: object; annotations: object }
  /** Throws ToolError, now or later. */
  call(args: unknown, context: CallContext): ToolAnswer | Promise<ToolAnswer>
}

export interface MountedServer {
  readonly id: string
  readonly title: string
  readonly needsSecret: boolean
  readonly tools: ReadonlyMap<string, MountedTool>
  /** The settings' faults in words; empty when they serve. */
  faults(settings: unknown): string[]
  check(context: CallContext): Promise<CheckStep[]>
}

/** A server as a declaration. `.tool` types each tool's settings and secret; `.with` mounts them. */
export function defineServer<Settings extends z.ZodType<object>, Secret extends z.ZodType = z.ZodUndefined>(
  spec: ServerSpec<Settings, Secret>,
) {
  const typed = (context: CallContext): Typed<Settings, Secret> =>
    new TypedContext(context, parsedOnce(spec.settings, context.settings), spec.secret?.parse(context.secret) as z.output<Secret>)

  return {
    tool<Input extends StrictObject, Output extends z.ZodObject, Result extends z.input<Output>>(
      tool: ToolSpec<Settings, Secret, Input, Output, Result>,
    ): MountedTool {
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
        },
        call(args, context) {
          const input = tool.input.safeParse(args ?? {})
          if (!input.success) throw new ToolError('invalid_input', z.prettifyError(input.error), { hint: 'Correct the named arguments.' })
          const result = tool.run(input.data, typed(context))
          return result instanceof Promise ? result.then((later) => answerOf(tool, later)) : answerOf(tool, result)
        },
      }
    },

    with(...tools: MountedTool[]): MountedServer {
      return {
        id: spec.id,
        title: spec.title,
        needsSecret: spec.secret !== undefined,
        tools: new Map(tools.map((tool) => [tool.name, tool])),
        faults(settings) {
          const parsed = spec.settings.safeParse(settings)
          return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${['settings', ...path].join('.')}: ${message}`)
        },
        async check(context) {
          return (await spec.check?.(typed(context))) ?? []
        },
      }
    },
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

/** A call's context with settings and secret as the server declared them. A class, since one is made for every call. */
class TypedContext<Settings, Secret> {
  private readonly context: CallContext
  readonly settings: Settings
  readonly secret: Secret

  constructor(context: CallContext, settings: Settings, secret: Secret) {
    this.context = context
    this.settings = settings
    this.secret = secret
  }

  get caller(): Caller {
    return this.context.caller
  }

  get level(): Level {
    return this.context.level
  }

  get signal(): AbortSignal {
    return this.context.signal
  }

  get gateway(): GatewayView {
    return this.context.gateway
  }

  tables(connection: string): TableRules | undefined {
    return this.context.tables(connection)
  }

  readSecret(ref: SecretRef): Promise<string> {
    return this.context.readSecret(ref)
  }
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

function schemaOf(type: z.ZodObject, io: 'input' | 'output'): object {
  const { $schema: _, ...schema } = z.toJSONSchema(type, { io })
  return schema
}

/** A policy hands out the same settings object until it changes: each is parsed once. */
const parsedSettings = new WeakMap<object, unknown>()

function parsedOnce<T extends z.ZodType>(type: T, settings: object): z.output<T> {
  const known = parsedSettings.get(settings)
  if (known !== undefined) return known as z.output<T>
  const parsed = type.parse(settings)
  if (typeof parsed === 'object' && parsed !== null) parsedSettings.set(settings, parsed)
  return parsed
}
