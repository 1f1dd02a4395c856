import { isObject } from '../fixture/fixture.ts'
import type { Changes, Json } from '../fixture/fixture.ts'
import { taskTools } from '../fixture/task-tools.ts'
import type { TaskTool } from '../fixture/task-tools.ts'
import { listenWithTasks } from './tasks-listen.ts'
import type { Tasks } from './tasks.ts'

/** The id of the tasks extension (SEP-2663). */
export const TASKS = 'io.modelcontextprotocol/tasks'
const versionKey = 'io.modelcontextprotocol/protocolVersion'
const capabilitiesKey = 'io.modelcontextprotocol/clientCapabilities'

interface RpcRequest {
  readonly id: string | number
  readonly method: string
  readonly params: Json
  /** True when the client declared the extension. */
  readonly declaresTasks: boolean
  readonly headers: Headers
}

const toolByName = new Map(taskTools.map((tool) => [tool.name, tool]))

/** Answers requests about tasks, which the SDK does not implement. Undefined for all others: the SDK answers those. */
export async function answerTasks(request: Request, tasks: Tasks, changes: Changes): Promise<Response | undefined> {
  const rpcRequest = await readRpcRequest(request)
  if (rpcRequest?.method === 'tools/call') return call(rpcRequest, tasks)
  if (rpcRequest?.method === 'subscriptions/listen') return listen(rpcRequest, request.signal, tasks, changes)
  return rpcRequest && /^tasks\/(get|update|cancel)$/.test(rpcRequest.method) ? answerTaskMethod(rpcRequest, tasks) : undefined
}

async function readRpcRequest(request: Request): Promise<RpcRequest | undefined> {
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
  return { id, method, params, declaresTasks: declaresTasks(meta[capabilitiesKey]), headers: request.headers }
}

const declaresTasks = (capabilities: unknown) =>
  isObject(capabilities) && isObject(capabilities['extensions']) && TASKS in capabilities['extensions']

/**
 * Makes a task of a call. Undefined, so that the SDK answers,
 * when the headers do not fit or the first round asks for input.
 */
function call(request: RpcRequest, tasks: Tasks): Response | undefined {
  const { params, headers, declaresTasks } = request
  const tool = toolByName.get(String(params['name']))
  if (!tool || !fits(headers, 'tools/call', tool.name)) return undefined
  if (!declaresTasks) return tool.needsTask ? missingCapability(request) : undefined
  const answers = isObject(params['inputResponses']) ? params['inputResponses'] : {}
  if (isAnsweredAtOnce(tool, params, answers)) return undefined
  const args = isObject(params['arguments']) ? params['arguments'] : {}
  return result(request, { ...tasks.start((job) => tool.work(job), { args, answers }), resultType: 'task' })
}

const isAnsweredAtOnce = ({ firstAsks }: TaskTool, { arguments: args }: Json, answers: Json) =>
  (firstAsks !== undefined && answers[firstAsks] === undefined) || (isObject(args) && args['seconds'] === 0)

function answerTaskMethod(request: RpcRequest, tasks: Tasks): Response {
  const { method, params, headers, declaresTasks } = request
  const { taskId, inputResponses } = params
  if (!declaresTasks) return missingCapability(request)
  if (typeof taskId !== 'string') return error(request, 200, -32_602, 'params.taskId is missing.')
  if (!fits(headers, method, taskId)) return error(request, 400, -32_020, 'The headers contradict the body.')
  const task = tasks.get(taskId)
  if (!task) return error(request, 200, -32_602, 'There is no such task.')
  if (method === 'tasks/get') return result(request, { ...task, resultType: 'complete' })
  if (method === 'tasks/cancel') tasks.cancel(taskId)
  else tasks.update(taskId, isObject(inputResponses) ? inputResponses : {})
  return result(request, { resultType: 'complete' })
}

function listen(request: RpcRequest, signal: AbortSignal, tasks: Tasks, changes: Changes): Response | undefined {
  const { notifications } = request.params
  if (!isObject(notifications) || !Array.isArray(notifications['taskIds'])) return undefined
  return request.declaresTasks ? listenWithTasks(request.id, notifications, signal, tasks, changes) : missingCapability(request)
}

const fits = (headers: Headers, method: string, name: string) => headers.get('mcp-method') === method && headers.get('mcp-name') === name

const result = ({ id }: RpcRequest, value: Json) => Response.json({ jsonrpc: '2.0', id, result: value })

const error = ({ id }: RpcRequest, status: number, code: number, message: string, data?: Json) =>
  Response.json({ jsonrpc: '2.0', id, error: { code, message, data } }, { status })

const missingCapability = (request: RpcRequest) =>
  error(request, 400, -32_021, 'The client has not declared tasks.', { requiredCapabilities: { extensions: { [TASKS]: {} } } })
