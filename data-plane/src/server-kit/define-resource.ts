import type { ResourceContents } from '../protocol/tool-answer.ts'
import { complete } from './completion.ts'
import type { Completers, Completion, CompletionRequest } from './completion.ts'
import type { CallContext } from './context.ts'
import type { ContextFactory } from './define-tool.ts'
import { InputRequired } from './input-required.ts'
import type { Round } from './round.ts'
import { UriTemplate } from './uri-template.ts'
import type { VariablesOf } from './uri-template.ts'
import type { Awaitable } from '../runtime/awaitable.ts'

/** The content of a resource: text, or bytes in base64. Or a request for input that the handler needs first. */
export type ResourceBody = string | { blob: string } | InputRequired

interface Metadata {
  name: string
  title?: string
  description: string
  mimeType: string
}

/** A resource at one URI. Reading it requires the level `read`. */
export interface ResourceSpec<Context> extends Metadata {
  uri: string
  read(context: Context): Awaitable<ResourceBody>
}

/** Resources at all URIs that fit one template. Reading one requires the level `read`. */
export interface TemplateSpec<Context, Template extends string> extends Metadata {
  uriTemplate: Template
  /** Throws ToolError `not_found` when no resource has these variables. */
  read(variables: Record<VariablesOf<Template>, string>, context: Context): Awaitable<ResourceBody>
  complete?: Completers<VariablesOf<Template>, Context>
}

export type ResourceAnswer = { readonly contents: readonly ResourceContents[] }

export interface MountedResource {
  readonly uri: string
  /** The resource's entry in `resources/list`. */
  readonly entry: Metadata & { uri: string }
  read(context: CallContext, round: Round): Awaitable<ResourceAnswer | InputRequired>
}

export interface MountedTemplate {
  readonly uriTemplate: string
  /** The template's entry in `resources/templates/list`. */
  readonly entry: Metadata & { uriTemplate: string }
  matches(uri: string): boolean
  read(uri: string, context: CallContext, round: Round): Awaitable<ResourceAnswer | InputRequired>
  complete(request: CompletionRequest, context: CallContext, round: Round): Promise<Completion | undefined>
}

export function mountResource<Context>({ read, ...entry }: ResourceSpec<Context>, makeContext: ContextFactory<Context>): MountedResource {
  return {
    uri: entry.uri,
    entry,
    read: (context, round) => toAnswer(entry.uri, entry.mimeType, read(makeContext(context, round))),
  }
}

export function mountTemplate<Context, Template extends string>(
  { read, complete: completers, ...entry }: TemplateSpec<Context, Template>,
  makeContext: ContextFactory<Context>,
): MountedTemplate {
  const template = new UriTemplate(entry.uriTemplate)
  return {
    uriTemplate: entry.uriTemplate,
    entry,
    matches: (uri) => template.match(uri) !== undefined,
    read(uri, context, round) {
      const variables = template.match(uri)
      if (!variables) throw new Error(`${uri} does not fit ${entry.uriTemplate}`)
      return toAnswer(uri, entry.mimeType, read(variables, makeContext(context, round)))
    },
    complete: (request, context, round) => complete(template.variables, completers, request, () => makeContext(context, round)),
  }
}

function toAnswer(uri: string, mimeType: string, body: Awaitable<ResourceBody>): Awaitable<ResourceAnswer | InputRequired> {
  return body instanceof Promise ? body.then((resolved) => contentsOf(uri, mimeType, resolved)) : contentsOf(uri, mimeType, body)
}

function contentsOf(uri: string, mimeType: string, body: ResourceBody): ResourceAnswer | InputRequired {
  if (body instanceof InputRequired) return body
  return { contents: [typeof body === 'string' ? { uri, mimeType, text: body } : { uri, mimeType, blob: body.blob }] }
}
