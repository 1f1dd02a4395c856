import { isObject } from '../json/is-object.ts'
import { withKeptTtl } from '../protocol/extensions/tasks.ts'
import { inUi, withoutUnreadableUi } from './apps.ts'
import { inContent, inInputRequests, inMessages, inUri } from './rewrite-content.ts'
import type { Rename } from './rewrite-content.ts'
import { eachItem, withField } from '../json/edit.ts'
import type { Fields } from '../json/edit.ts'
import { nameOnAggregate } from './names/names.ts'
import { uriOnAggregate } from './names/uris.ts'
import type { Notification } from '../protocol/notification.ts'

/** Where an entry of a list comes from. */
export interface EntryOrigin {
  readonly server: string
  /** May the person read this resource of the server? Views that they may not are not named to them. Everything, where absent. */
  readable?(uri: string): boolean
}

/** Where anything comes from, and what must be known to say it in the words of `/mcp`. */
export interface ServerOrigin extends EntryOrigin {
  /** The id of a task as the client shall know it, good for as long as the server keeps the task. */
  sealTask(taskId: string, ttlMs: unknown): string
}

const methodNotFound = -32_601
const invalidParams = -32_602

type Entry = (origin: EntryOrigin, of: Fields) => Fields
type Inbound = (origin: ServerOrigin, of: Fields) => Fields

const renameFor =
  ({ server }: EntryOrigin): Rename =>
  (uri) =>
    uriOnAggregate(server, uri)

const named: Entry = ({ server }, entry) =>
  typeof entry['name'] === 'string' ? withField(entry, 'name', nameOnAggregate(server, entry['name'])) : entry

const viewed: Entry = (origin, of) =>
  inUi(origin.readable ? withoutUnreadableUi(of, (uri) => origin.readable?.(uri) !== false) : of, renameFor(origin))

export const toolEntry: Entry = (origin, tool) => viewed(origin, named(origin, tool))
export const promptEntry: Entry = named
export const resourceEntry: Entry = (origin, resource) => inUri(resource, renameFor(origin))
export const templateEntry: Entry = (origin, template) => inUri(template, renameFor(origin), 'uriTemplate')

const each =
  (key: string, entry: Entry): Entry =>
  (origin, result) => {
    const items = result[key]
    return Array.isArray(items)
      ? withField(
          result,
          key,
          eachItem(items, (item) => (isObject(item) ? entry(origin, item) : item)),
        )
      : result
  }

/** Its frontmatter is what stands in its file, to the letter, and whoever loads it compares them. */
export const skillEntry: Entry = (origin, skill) => each('resources', resourceEntry)(origin, resourceEntry(origin, skill))

const toolResult: Entry = (origin, result) => viewed(origin, inContent(result, renameFor(origin)))

/** What a client holds of a task: its id, and for how long that is good. */
export const taskHandle: Inbound = (origin, task) => {
  const { taskId, ttlMs } = task
  return typeof taskId === 'string' ? withField(withKeptTtl(task), 'taskId', origin.sealTask(taskId, ttlMs)) : task
}

/** A task with all it has: what it asks for, what became of it (a tool's result, as only tools make tasks). */
const task: Inbound = (origin, of) => {
  const { result } = of
  const asked = inInputRequests(taskHandle(origin, of), renameFor(origin))
  return isObject(result) ? withField(asked, 'result', toolResult(origin, result)) : asked
}

const results = new Map<string, Inbound>([
  ['tools/list', each('tools', toolEntry)],
  ['prompts/list', each('prompts', promptEntry)],
  ['resources/list', each('resources', resourceEntry)],
  ['resources/templates/list', each('resourceTemplates', templateEntry)],
  ['tools/call', toolResult],
  ['prompts/get', (origin, result) => inMessages(result, renameFor(origin))],
  ['resources/read', each('contents', resourceEntry)],
  ['tasks/get', task],
  ['skills/list', each('skills', skillEntry)],
  [
    'skills/get',
    (origin, result) => (isObject(result['skill']) ? withField(result, 'skill', skillEntry(origin, result['skill'])) : result),
  ],
  ['resources/directory/read', each('resources', resourceEntry)],
])

/** A server's result as `/mcp` says it; the very same object when nothing in it is a name or URI of the server's. `requestState` is not touched. */
export function resultOnAggregate(origin: ServerOrigin, method: string, result: Fields): Fields {
  if (result['resultType'] === 'input_required') return inInputRequests(result, renameFor(origin))
  if (result['resultType'] === 'task') return taskHandle(origin, result)
  return results.get(method)?.(origin, result) ?? result
}

const notifications = new Map<string, Inbound>([
  ['notifications/resources/updated', resourceEntry],
  ['notifications/tasks', task],
])

/** A server's notification as `/mcp` says it. */
export function notificationOnAggregate(origin: ServerOrigin, notification: Notification): Notification {
  const { method, params } = notification
  const changed = params && notifications.get(method)?.(origin, params)
  return changed === undefined || changed === params ? notification : { ...notification, params: changed }
}

/** Whoever asks `/mcp` cannot know which servers behind it have skills: at one that has none, there is no such skill or folder. */
export function errorCodeOnAggregate(method: string, code: number): number {
  return code === methodNotFound && (method === 'skills/get' || method === 'resources/directory/read') ? invalidParams : code
}

/** `data` of a server's own error as `/mcp` says it: its `uri` names the resource that is not there. */
export function errorDataOnAggregate(origin: EntryOrigin, method: string, data: unknown): unknown {
  return /^(resources|skills)\//.test(method) && isObject(data) ? resourceEntry(origin, data) : data
}
