import type { z } from 'zod'
import { Changes } from './changes.ts'
import type { Emitted } from './changes.ts'
import type { CallContext } from './context.ts'
import { mountPrompt } from './define-prompt.ts'
import type { MountedPrompt, PromptArgs, PromptSpec } from './define-prompt.ts'
import { mountResource, mountTemplate } from './define-resource.ts'
import type { MountedResource, MountedTemplate, ResourceSpec, TemplateSpec } from './define-resource.ts'
import { mountTool } from './define-tool.ts'
import type { MountedTool, StrictObject, ToolSpec } from './define-tool.ts'
import type { CheckStep } from './gateway-view.ts'
import { unheard } from './round.ts'
import type { Round } from './round.ts'
import { parsedOnce, TypedContext } from './typed-context.ts'
import type { Typed } from './typed-context.ts'

export type { MountedPrompt } from './define-prompt.ts'
export type { MountedResource, MountedTemplate } from './define-resource.ts'
export type { MountedTool } from './define-tool.ts'

/** What a server is, before what it offers. `settings` are the administrator's, `secret` is the person's own. */
export interface ServerSpec<Settings extends z.ZodType, Secret extends z.ZodType> {
  id: string
  title: string
  settings: Settings
  secret?: Secret
  /** What may change while it runs: it tells so through `changes`. */
  emits?: readonly Emitted[]
  /** Sends log messages to clients that ask for them. */
  logs?: boolean
  /** Tries settings and secret against the real service; throws ToolError to say what is wrong. */
  check?(context: Typed<Settings, Secret>): Promise<CheckStep[]>
}

/** Anything a server offers, each declared in a file of its own. */
export type Offer = MountedTool | MountedResource | MountedTemplate | MountedPrompt

export interface MountedServer {
  readonly id: string
  readonly title: string
  readonly needsSecret: boolean
  readonly tools: ReadonlyMap<string, MountedTool>
  readonly resources: ReadonlyMap<string, MountedResource>
  readonly templates: ReadonlyMap<string, MountedTemplate>
  readonly prompts: ReadonlyMap<string, MountedPrompt>
  readonly emits: readonly Emitted[]
  readonly logs: boolean
  /** Where it tells what changed. */
  readonly changes: Pick<Changes, 'listen'>
  /** The settings' faults in words; empty when they serve. */
  faults(settings: unknown): string[]
  check(context: CallContext): Promise<CheckStep[]>
}

/** A server as a declaration. `.tool`, `.resource`, `.template` and `.prompt` type each handler's settings and secret; `.with` mounts them. */
export function defineServer<Settings extends z.ZodType<object>, Secret extends z.ZodType = z.ZodUndefined>(
  spec: ServerSpec<Settings, Secret>,
) {
  type Context = Typed<Settings, Secret>
  const changes = new Changes()
  const typed = (context: CallContext, round: Round): Context =>
    new TypedContext(context, round, parsedOnce(spec.settings, context.settings), spec.secret?.parse(context.secret) as z.output<Secret>)

  return {
    changes,

    tool: <Input extends StrictObject, Output extends z.ZodObject, Result extends z.input<Output>>(
      tool: ToolSpec<Context, Input, Output, Result>,
    ): MountedTool => mountTool(tool, typed),

    resource: (resource: ResourceSpec<Context>): MountedResource => mountResource(resource, typed),

    template: <Template extends string>(template: TemplateSpec<Context, Template>): MountedTemplate => mountTemplate(template, typed),

    prompt: <Args extends PromptArgs>(prompt: PromptSpec<Context, Args>): MountedPrompt => mountPrompt(prompt, typed),

    with(...offers: Offer[]): MountedServer {
      return {
        id: spec.id,
        title: spec.title,
        needsSecret: spec.secret !== undefined,
        tools: new Map(offers.filter((offer) => 'call' in offer).map((tool) => [tool.name, tool])),
        resources: new Map(offers.filter((offer) => 'uri' in offer).map((resource) => [resource.uri, resource])),
        templates: new Map(offers.filter((offer) => 'uriTemplate' in offer).map((template) => [template.uriTemplate, template])),
        prompts: new Map(offers.filter((offer) => 'render' in offer).map((prompt) => [prompt.name, prompt])),
        emits: spec.emits ?? [],
        logs: spec.logs ?? false,
        changes,
        faults(settings) {
          const parsed = spec.settings.safeParse(settings)
          return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${['settings', ...path].join('.')}: ${message}`)
        },
        async check(context) {
          return (await spec.check?.(typed(context, unheard))) ?? []
        },
      }
    },
  }
}
