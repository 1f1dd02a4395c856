import type { Log } from '../../runtime/log.ts'
import { isObject } from '../../json/is-object.ts'
import { headersFor, InvalidAnnotation, paramHeadersOf } from '../../protocol/headers/param-headers.ts'
import type { ParamHeader } from '../../protocol/headers/param-headers.ts'
import { passedParams } from '../../protocol/headers/forwarded-params.ts'

const maxTools = 10_000

/** Which tools of a server want which arguments as headers, as far as we have read its lists. */
export class ToolHeaders {
  /** We have read a list of its tools. */
  hasList = false
  private readonly byTool = new Map<string, readonly ParamHeader[]>()
  private readonly server: string
  private readonly log: Log

  constructor(server: string, log: Log) {
    this.server = server
    this.log = log
  }

  /**
   * The headers of one call: those its tool wants from the arguments, and other `Mcp-Param-*` headers of the client.
   */
  for(
    { name, arguments: args }: Readonly<Record<string, unknown>>,
    clientHeaders: Readonly<Record<string, string>>,
  ): Readonly<Record<string, string>> {
    const annotations = typeof name === 'string' ? this.byTool.get(name) : undefined
    const passedHeaders = passedParams(clientHeaders, annotations ?? [])
    return annotations ? { ...passedHeaders, ...headersFor(annotations, args) } : passedHeaders
  }

  /** Remembers a page of `tools/list`. Returns the tools that may be listed; undefined when all may. */
  learn(result: Readonly<Record<string, unknown>>): unknown[] | undefined {
    this.hasList = true
    const tools = Array.isArray(result['tools']) ? (result['tools'] as unknown[]) : []
    const faults: string[] = []
    const listable = tools.filter((tool) => this.learnTool(tool, faults))
    if (faults.length > 0) this.log('warn', 'tools dropped', { server: this.server, tools: faults.slice(0, 20), of: faults.length })
    return listable.length === tools.length ? undefined : listable
  }

  private learnTool(tool: unknown, faults: string[]): boolean {
    if (!isObject(tool) || typeof tool['name'] !== 'string') return true
    const { name, inputSchema } = tool
    try {
      const annotations = paramHeadersOf(inputSchema)
      this.byTool.delete(name)
      if (annotations.length > 0 && this.byTool.size < maxTools) this.byTool.set(name, annotations)
      return true
    } catch (error) {
      if (!(error instanceof InvalidAnnotation)) throw error
      faults.push(`${name}: x-mcp-header: ${error.message}`)
      return false
    }
  }
}
