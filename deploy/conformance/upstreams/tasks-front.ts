import { isObject } from '../fixture/fixture.ts'
import type { Changes, Json } from '../fixture/fixture.ts'
import { taskTools } from '../fixture/task-tools.ts'
import type { TaskTool } from '../fixture/task-tools.ts'
import { listenWithTasks } from './tasks-listen.ts'
import type { Tasks } from './tasks.ts'

export const TASKS = 'io.modelcontextprotocol/tasks'
const versionKey = 'io.modelcontextprotocol/protocolVersion'
const capabilitiesKey = 'io.modelcontextprotocol/clientCapabilities'

interface Asked {
  readonly id: string | number
  readonly method: string
  readonly params: Json
  readonly declared: boolean
  readonly headers: Headers
}

const byName = new Map(taskTools.map((tool) => [tool.name, tool]))

/** Answers what concerns tasks, by hand: the SDK serves none. Undefined for all else, which is the SDK's. */
export async function answerTasks(request: Request, tasks: Tasks, changes: Changes): Promise<Response | undefined> {
  const asked = await read(request)
  if (asked?.method === 'tools/call') return call(asked, tasks)
  if (asked?.method === 'subscriptions/listen') return listen(asked, request.signal, tasks, changes)
  return asked && /^tasks\/(get|update|cancel)$/.test(asked.method) ? ofTask(asked, tasks) : undefined
}

async function read(request: Request): Promise<Asked | undefined> {
  const body: unknown =
    request.method === 'POST'
      ? await request
          .clone()
          .json()
          .catch(() => undefined)
      : undefined
  if (!isObject(body) || !isObject(body['params']) || typeof body['method'] !== 'string') return undefined
  const { id, method, params } = body
  const meta = params['_meta']
  if ((typeof id !== 'string' && typeof id !== 'number') || !isObject(meta) || typeof meta[versionKey] !== 'string') return undefined
  return { id, method, params, declared: declares(meta[capabilitiesKey]), headers: request.headers }
}

const declares = (capabilities: unknown) =>
  isObject(capabilities) && isObject(capabilities['extensions']) && TASKS in capabilities['extensions']

/** A call whose headers do not fit is the SDK's to refuse; so is one whose first round asks something. */
function call(asked: Asked, tasks: Tasks): Response | undefined {
  const { params, headers, declared } = asked
  const tool = byName.get(String(params['name']))
  if (!tool || !fits(headers, 'tools/call', tool.name)) return undefined
  if (!declared) return tool.needsTask ? missing(asked) : undefined
  const answers = isObject(params['inputResponses']) ? params['inputResponses'] : {}
  if (isAnsweredAtOnce(tool, params, answers)) return undefined
  const args = isObject(params['arguments']) ? params['arguments'] : {}
  return result(asked, { ...tasks.start((job) => tool.work(job), { args, answers }), resultType: 'task' })
}

const isAnsweredAtOnce = ({ firstAsks }: TaskTool, { arguments: args }: Json, answers: Json) =>
  (firstAsks !== undefined && answers[firstAsks] === undefined) || (isObject(args) && args['seconds'] === 0)

function ofTask(asked: Asked, tasks: Tasks): Response {
  const { method, params, headers, declared } = asked
  const { taskId, inputResponses } = params
  if (!declared) return missing(asked)
  if (typeof taskId !== 'string') return error(asked, 200, -32_602, 'params.taskId is missing.')
  if (!fits(headers, method, taskId)) return error(asked, 400, -32_020, 'The headers contradict the body.')
  const found = tasks.get(taskId)
  if (!found) return error(asked, 200, -32_602, 'There is no such task.')
  if (method === 'tasks/get') return result(asked, { ...found, resultType: 'complete' })
  if (method === 'tasks/cancel') tasks.cancel(taskId)
  else tasks.update(taskId, isObject(inputResponses) ? inputResponses : {})
  return result(asked, { resultType: 'complete' })
}

function listen(asked: Asked, signal: AbortSignal, tasks: Tasks, changes: Changes): Response | undefined {
  const { notifications } = asked.params
  if (!isObject(notifications) || !Array.isArray(notifications['taskIds'])) return undefined
  return asked.declared ? listenWithTasks(asked.id, notifications, signal, tasks, changes) : missing(asked)
}

const fits = (headers: Headers, method: string, name: string) => headers.get('mcp-method') === method && headers.get('mcp-name') === name

const result = ({ id }: Asked, value: Json) => Response.json({ jsonrpc: '2.0', id, result: value })

const error = ({ id }: Asked, status: number, code: number, message: string, data?: Json) =>
  Response.json({ jsonrpc: '2.0', id, error: { code, message, data } }, { status })

const missing = (asked: Asked) =>
  error(asked, 400, -32_021, 'The client has not declared tasks.', { requiredCapabilities: { extensions: { [TASKS]: {} } } })
