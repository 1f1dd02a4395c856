import { parseKnownMembers } from '@bir/sdk/contract/known-members'
import type { SecretFields } from '@bir/sdk/contract/secret-holder'
import type { z } from 'zod'
import { Changes } from './changes.ts'
import type { ChangeKind } from './changes.ts'
import type { CallContext } from './context.ts'
import { mountPrompt } from './define-prompt.ts'
import type { MountedPrompt, PromptArgs, PromptSpec } from './define-prompt.ts'
import { mountResource, mountTemplate } from './define-resource.ts'
import type { MountedResource, MountedTemplate, ResourceSpec, TemplateSpec } from './define-resource.ts'
import { mountTool } from './define-tool.ts'
import type { MountedTool, StrictObject, ToolSpec } from './define-tool.ts'
import type { FieldsOf, MountedSecret, SecretFieldSpec, SecretSpec } from './secret/define-secret.ts'
import type { CheckStep } from './gateway-view.ts'
import { NO_CLIENT_ROUND } from './round.ts'
import type { Round } from './round.ts'
import { parseOnce, TypedContext } from './typed-context.ts'
import type { ContextOf } from './typed-context.ts'

export type { MountedPrompt } from './define-prompt.ts'
export type { MountedResource, MountedTemplate } from './define-resource.ts'
export type { MountedTool } from './define-tool.ts'

/**
 * What a server is, without its tools, resources and prompts. The administrator writes `settings`. With `secret`, the
 * server needs a secret of everyone who uses it, and its tools find the values by field in `context.secret`.
 */
export interface ServerSpec<Settings extends z.ZodType, Field extends string> {
  id: string
  title: string
  settings: Settings
  secret?: SecretSpec<z.output<Settings>, Field>
  /** What may change while the server runs. It announces such changes through `changes`. */
  emits?: readonly ChangeKind[]
  /** The server sends log messages to clients that ask for them. */
  logs?: boolean
  /** Tries the settings against the real service. Throws ToolError to say what is wrong. */
  check?(context: ContextOf<Settings, Field>): Promise<CheckStep[]>
  /** Ends what the server keeps running, such as a child process. Called once when the plane stops. */
  close?(): Promise<void>
}

/** A tool, resource, template or prompt of a server. Each is declared in a file of its own. */
export type Offer = MountedTool | MountedResource | MountedTemplate | MountedPrompt

export interface MountedServer {
  readonly id: string
  readonly title: string
  /** Undefined: it needs none. */
  readonly secret: MountedSecret | undefined
  readonly tools: ReadonlyMap<string, MountedTool>
  readonly resources: ReadonlyMap<string, MountedResource>
  readonly templates: ReadonlyMap<string, MountedTemplate>
  readonly prompts: ReadonlyMap<string, MountedPrompt>
  readonly emits: readonly ChangeKind[]
  readonly logs: boolean
  /** Announces changes to those who listen. */
  readonly changes: Pick<Changes, 'listen'>
  /** The form of the settings, as an administrator writes them. */
  readonly settings: z.ZodType
  /** What is wrong with the settings that an administrator wrote, in words. Empty when they are valid. */
  faults(settings: unknown): string[]
  /** The same for the settings in a policy. A newer control plane may know more of them than this code: no fault. */
  faultsInPolicy(settings: unknown): string[]
  check(context: CallContext): Promise<CheckStep[]>
  /** Ends what the server keeps running. Called once when the plane stops. */
  close(): Promise<void>
}

/**
 * Declares a server. Declare what it offers with `.tool`, `.resource`, `.template` and `.prompt`, which type the
 * settings and the secret of each handler's context. `.with` puts them together into a server that can be mounted.
 */
export function defineServer<Settings extends z.ZodType<object>, Field extends string = never>(spec: ServerSpec<Settings, Field>) {
  type Context = ContextOf<Settings, Field>
  const changes = new Changes()
  const makeContext = (context: CallContext, round: Round): Context =>
    new TypedContext(context, round, parseOnce(spec.settings, context.settings), requiredFields(spec, context.secret))

  return {
    changes,

    tool: <Input extends StrictObject, Output extends z.ZodObject, Result extends z.input<Output>>(
      tool: ToolSpec<Context, Input, Output, Result>,
    ): MountedTool => mountTool(tool, makeContext),

    resource: (resource: ResourceSpec<Context>): MountedResource => mountResource(resource, makeContext),

    template: <Template extends string>(template: TemplateSpec<Context, Template>): MountedTemplate => mountTemplate(template, makeContext),

    prompt: <Args extends PromptArgs>(prompt: PromptSpec<Context, Args>): MountedPrompt => mountPrompt(prompt, makeContext),

    with(...offers: Offer[]): MountedServer {
      return {
        id: spec.id,
        title: spec.title,
        secret: mountedSecret(spec),
        tools: new Map(offers.filter((offer) => 'call' in offer).map((tool) => [tool.name, tool])),
        resources: new Map(offers.filter((offer) => 'uri' in offer).map((resource) => [resource.uri, resource])),
        templates: new Map(offers.filter((offer) => 'uriTemplate' in offer).map((template) => [template.uriTemplate, template])),
        prompts: new Map(offers.filter((offer) => 'render' in offer).map((prompt) => [prompt.name, prompt])),
        emits: spec.emits ?? [],
        logs: spec.logs ?? false,
        changes,
        settings: spec.settings,
        faults: (settings) => faultsOf(spec.settings.safeParse(settings)),
        faultsInPolicy: (settings) => faultsOf(parseKnownMembers(spec.settings, settings)),
        async check(context) {
          return (await spec.check?.(makeContext(context, NO_CLIENT_ROUND))) ?? []
        },
        async close() {
          await spec.close?.()
        },
      }
    },
  }
}

/** What handlers find in `context.secret`. The gateway lets no call through without it: then it is our mistake. */
function requiredFields<Field extends string>(
  { id, secret }: { id: string; secret?: { fields: Readonly<Record<Field, SecretFieldSpec>> } },
  given: SecretFields | undefined,
): FieldsOf<Field> {
  const needed = Object.entries<SecretFieldSpec>(secret?.fields ?? {}).filter(([, { optional }]) => !optional)
  if (needed.some(([name]) => given?.[name] === undefined)) throw new Error(`a call of ${id} came without its secret`)
  return given ?? {}
}

function mountedSecret<Settings extends z.ZodType<object>, Field extends string>({
  settings: type,
  secret,
}: ServerSpec<Settings, Field>): MountedSecret | undefined {
  if (!secret) return undefined
  const { canProve } = secret
  return {
    fields: secret.fields,
    scopes: secret.scopes ?? {},
    createAt: (settings) => secret.createAt?.(parseOnce(type, settings)),
    audience: (settings) => secret.audience(parseOnce(type, settings)),
    ...(canProve && { canProve: (settings: object, names: readonly string[]) => canProve(parseOnce(type, settings), names) }),
    prove: (settings, fields, options) => secret.prove(parseOnce(type, settings), fields, options),
  }
}

const faultsOf = ({ error }: z.ZodSafeParseResult<object>): string[] =>
  (error?.issues ?? []).map(({ path, message }) => `${['settings', ...path].join('.')}: ${message}`)
