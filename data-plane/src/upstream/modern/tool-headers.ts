import type { Log } from '../../runtime/log.ts'
import { isObject } from '../../json/is-object.ts'
import { headersFor, InvalidAnnotation, paramHeadersOf } from '../../protocol/headers/param-headers.ts'
import type { ParamHeader } from '../../protocol/headers/param-headers.ts'
import { passedParams } from '../../protocol/headers/forwarded-params.ts'

const maxTools = 10_000

/** Which of a server's tools want which arguments as headers, as far as its lists were seen. */
export class ToolHeaders {
  /** Whether any list was seen yet. */
  known = false
  private readonly byTool = new Map<string, readonly ParamHeader[]>()
  private readonly server: string
  private readonly log: Log

  constructor(server: string, log: Log) {
    this.server = server
    this.log = log
  }

  /** Of one call: those that its tool makes of the arguments, beside what else its client sent. */
  for(
    { name, arguments: args }: Readonly<Record<string, unknown>>,
    given: Readonly<Record<string, string>>,
  ): Readonly<Record<string, string>> {
    const annotations = typeof name === 'string' ? this.byTool.get(name) : undefined
    const passed = passedParams(given, annotations ?? [])
    return annotations ? { ...passed, ...headersFor(annotations, args) } : passed
  }

  /** Remembers a page of `tools/list`; gives the tools that may be listed, or undefined when that is all of them. */
  learn(result: Readonly<Record<string, unknown>>): unknown[] | undefined {
    this.known = true
    const tools = Array.isArray(result['tools']) ? (result['tools'] as unknown[]) : []
    const dropped: string[] = []
    const kept = tools.filter((tool) => this.learnTool(tool, dropped))
    if (dropped.length > 0) this.log('warn', 'tools dropped', { server: this.server, tools: dropped.slice(0, 20), of: dropped.length })
    return kept.length === tools.length ? undefined : kept
  }

  private learnTool(tool: unknown, dropped: string[]): boolean {
    if (!isObject(tool) || typeof tool['name'] !== 'string') return true
    const { name, inputSchema } = tool
    try {
      const annotations = paramHeadersOf(inputSchema)
      this.byTool.delete(name)
      if (annotations.length > 0 && this.byTool.size < maxTools) this.byTool.set(name, annotations)
      return true
    } catch (error) {
      if (!(error instanceof InvalidAnnotation)) throw error
      dropped.push(`${name.slice(0, 100)}: x-mcp-header: ${error.message}`)
      return false
    }
  }
}
