import type { ResourceContents } from '../protocol/tool-answer.ts'
import { complete } from './completion.ts'
import type { Completers, Completion } from './completion.ts'
import type { CallContext } from './context.ts'
import type { Typer } from './define-tool.ts'
import { InputRequired } from './input-required.ts'
import type { Round } from './round.ts'
import { UriTemplate } from './uri-template.ts'
import type { VariablesOf } from './uri-template.ts'
import type { Awaitable } from '../runtime/awaitable.ts'

/** Text as it is, bytes in base64, or a question first. */
export type ResourceBody = string | { blob: string } | InputRequired

interface Described {
  name: string
  title?: string
  description: string
  mimeType: string
}

/** Something to read at one URI. Reading takes the level `read`. */
export interface ResourceSpec<Context> extends Described {
  uri: string
  read(context: Context): Awaitable<ResourceBody>
}

/** Things to read at URIs of one form. */
export interface TemplateSpec<Context, Template extends string> extends Described {
  uriTemplate: Template
  /** Throws ToolError `not_found` where there is no such thing. */
  read(variables: Record<VariablesOf<Template>, string>, context: Context): Awaitable<ResourceBody>
  complete?: Completers<VariablesOf<Template>, Context>
}

export type ResourceAnswer = { readonly contents: readonly ResourceContents[] }

export interface MountedResource {
  readonly uri: string
  /** Its entry in `resources/list`. */
  readonly entry: Described & { uri: string }
  read(context: CallContext, round: Round): Awaitable<ResourceAnswer | InputRequired>
}

export interface MountedTemplate {
  readonly uriTemplate: string
  /** Its entry in `resources/templates/list`. */
  readonly entry: Described & { uriTemplate: string }
  matches(uri: string): boolean
  read(uri: string, context: CallContext, round: Round): Awaitable<ResourceAnswer | InputRequired>
  complete(asked: Asked, context: CallContext, round: Round): Promise<Completion | undefined>
}

/** What `completion/complete` asks: a name, what was typed of its value, and the values of others. */
export interface Asked {
  readonly name: string
  readonly typed: string
  readonly given: Readonly<Record<string, string>>
}

export function mountResource<Context>({ read, ...entry }: ResourceSpec<Context>, typed: Typer<Context>): MountedResource {
  return {
    uri: entry.uri,
    entry,
    read: (context, round) => answered(entry.uri, entry.mimeType, read(typed(context, round))),
  }
}

export function mountTemplate<Context, Template extends string>(
  { read, complete: completers, ...entry }: TemplateSpec<Context, Template>,
  typed: Typer<Context>,
): MountedTemplate {
  const template = new UriTemplate(entry.uriTemplate)
  return {
    uriTemplate: entry.uriTemplate,
    entry,
    matches: (uri) => template.match(uri) !== undefined,
    read(uri, context, round) {
      const variables = template.match(uri)
      if (!variables) throw new Error(`${uri} is none of ${entry.uriTemplate}`)
      return answered(uri, entry.mimeType, read(variables, typed(context, round)))
    },
    complete: (asked, context, round) => complete(template.variables, completers, asked, () => typed(context, round)),
  }
}

function answered(uri: string, mimeType: string, body: Awaitable<ResourceBody>): Awaitable<ResourceAnswer | InputRequired> {
  return body instanceof Promise ? body.then((later) => contentsOf(uri, mimeType, later)) : contentsOf(uri, mimeType, body)
}

function contentsOf(uri: string, mimeType: string, body: ResourceBody): ResourceAnswer | InputRequired {
  if (body instanceof InputRequired) return body
  return { contents: [typeof body === 'string' ? { uri, mimeType, text: body } : { uri, mimeType, blob: body.blob }] }
}
