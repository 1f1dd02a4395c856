import { isObject } from '../json/is-object.ts'
import { withKeptTtl } from '../protocol/extensions/tasks.ts'
import { renameInUi, withoutUnreadableUi } from './apps.ts'
import { renameInContent, renameInInputRequests, renameInMessages, renameUri } from './rewrite-content.ts'
import type { RenameUri } from './rewrite-content.ts'
import { eachItem, withField } from '../json/edit.ts'
import type { Fields } from '../json/edit.ts'
import { promptOnAggregate } from './names/names.ts'
import { joinedName } from './names/tool-names.ts'
import { policyName } from '@bir/sdk/policy-name'
import { uriOnAggregate } from './names/uris.ts'
import type { Notification } from '../protocol/notification.ts'
import { INVALID_PARAMS, METHOD_NOT_FOUND } from '../protocol/facts/rpc-codes.ts'

/** The server that an entry of a list comes from. */
export interface EntryOrigin {
  readonly server: string
  /** Whether the person may read this resource. Unreadable views are removed. When absent, all are readable. */
  readable?(uri: string): boolean
}

/** The server that a result comes from, with all that its rewriting for `/mcp` needs. */
export interface ServerOrigin extends EntryOrigin {
  /** The id of a task for the client, valid for as long as the server keeps the task. */
  sealTask(taskId: string, ttlMs: unknown): string
}

type RewriteEntry = (origin: EntryOrigin, entry: Fields) => Fields
type RewriteResult = (origin: ServerOrigin, result: Fields) => Fields

const renameFor =
  ({ server }: EntryOrigin): RenameUri =>
  (uri) =>
    uriOnAggregate(server, uri)

/** The name of a tool of a server on `/mcp`, by the name that the server gives it. */
export const toolOnAggregate = (server: string, name: string): string => joinedName({ server, tool: policyName(name) })

const rewriteName =
  (nameOf: (server: string, name: string) => string): RewriteEntry =>
  ({ server }, entry) =>
    typeof entry['name'] === 'string' ? withField(entry, 'name', nameOf(server, entry['name'])) : entry

const rewriteToolName = rewriteName(toolOnAggregate)

const rewriteUi: RewriteEntry = (origin, entry) => {
  const readable = origin.readable ? withoutUnreadableUi(entry, (uri) => origin.readable?.(uri) !== false) : entry
  return renameInUi(readable, renameFor(origin))
}

export const toolEntry: RewriteEntry = (origin, tool) => rewriteUi(origin, rewriteToolName(origin, tool))
export const promptEntry: RewriteEntry = rewriteName(promptOnAggregate)
export const resourceEntry: RewriteEntry = (origin, resource) => renameUri(resource, renameFor(origin))
export const templateEntry: RewriteEntry = (origin, template) => renameUri(template, renameFor(origin), 'uriTemplate')

/** Rewrites every entry of the list under this key. */
const rewriteList =
  (key: string, rewriteEntry: RewriteEntry): RewriteEntry =>
  (origin, result) => {
    const items = result[key]
    if (!Array.isArray(items)) return result
    const rewritten = eachItem(items, (item) => (isObject(item) ? rewriteEntry(origin, item) : item))
    return withField(result, key, rewritten)
  }

/** The frontmatter is not rewritten: it must equal that of the skill's file, and clients compare the two. */
export const skillEntry: RewriteEntry = (origin, skill) => rewriteList('resources', resourceEntry)(origin, resourceEntry(origin, skill))

const toolResult: RewriteEntry = (origin, result) => rewriteUi(origin, renameInContent(result, renameFor(origin)))

/** Rewrites the handle of a task: its id, and how long that is valid. */
export const taskHandle: RewriteResult = (origin, task) => {
  const { taskId, ttlMs } = task
  return typeof taskId === 'string' ? withField(withKeptTtl(task), 'taskId', origin.sealTask(taskId, ttlMs)) : task
}

/** Rewrites a whole task: handle, input requests and result (that of a tool, because only tools create tasks). */
const rewriteTask: RewriteResult = (origin, task) => {
  const { result } = task
  const rewritten = renameInInputRequests(taskHandle(origin, task), renameFor(origin))
  return isObject(result) ? withField(rewritten, 'result', toolResult(origin, result)) : rewritten
}

const resultRewriters = new Map<string, RewriteResult>([
  ['tools/list', rewriteList('tools', toolEntry)],
  ['prompts/list', rewriteList('prompts', promptEntry)],
  ['resources/list', rewriteList('resources', resourceEntry)],
  ['resources/templates/list', rewriteList('resourceTemplates', templateEntry)],
  ['tools/call', toolResult],
  ['prompts/get', (origin, result) => renameInMessages(result, renameFor(origin))],
  ['resources/read', rewriteList('contents', resourceEntry)],
  ['tasks/get', rewriteTask],
  ['skills/list', rewriteList('skills', skillEntry)],
  [
    'skills/get',
    (origin, result) => (isObject(result['skill']) ? withField(result, 'skill', skillEntry(origin, result['skill'])) : result),
  ],
  ['resources/directory/read', rewriteList('resources', resourceEntry)],
])

/**
 * Rewrites a server's result for `/mcp`. Returns the same object when it holds no name or URI of the server.
 * `requestState` is not changed.
 */
export function resultOnAggregate(origin: ServerOrigin, method: string, result: Fields): Fields {
  if (result['resultType'] === 'input_required') return renameInInputRequests(result, renameFor(origin))
  if (result['resultType'] === 'task') return taskHandle(origin, result)
  return resultRewriters.get(method)?.(origin, result) ?? result
}

const notificationRewriters = new Map<string, RewriteResult>([
  ['notifications/resources/updated', resourceEntry],
  ['notifications/tasks', rewriteTask],
])

/** Rewrites a server's notification for `/mcp`. Returns the same object when nothing changes. */
export function notificationOnAggregate(origin: ServerOrigin, notification: Notification): Notification {
  const { method, params } = notification
  const rewritten = params && notificationRewriters.get(method)?.(origin, params)
  return rewritten === undefined || rewritten === params ? notification : { ...notification, params: rewritten }
}

/** A client of `/mcp` cannot know which servers have skills. A server without skills has no such skill or folder. */
export function errorCodeOnAggregate(method: string, code: number): number {
  return code === METHOD_NOT_FOUND && (method === 'skills/get' || method === 'resources/directory/read') ? INVALID_PARAMS : code
}

/** Rewrites `data` of a server's own error for `/mcp`: its `uri` names the missing resource. */
export function errorDataOnAggregate(origin: EntryOrigin, method: string, data: unknown): unknown {
  return /^(resources|skills)\//.test(method) && isObject(data) ? resourceEntry(origin, data) : data
}
