import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { createClient } from '../../client.ts'
import type { Client } from '../../client.ts'
import { readConfig } from './config.ts'
import { CliFault } from './fault.ts'
import { openOperator } from './operator.ts'
import type { Environment } from './environment.ts'
import type { Operator } from '../../operator.ts'

/** The gateway that a command talks to. */
export interface Gateway {
  client: Client
  /**
   * The address for MCP clients, ending in `/mcp`. Undefined
   * for a gateway on another machine unless BIR_MCP_URL is set.
   */
  mcpUrl: string | undefined
  /** Set when the gateway is the embedded one, whose operator key this user can read. */
  embedded: { operator: Operator; issuer: string } | undefined
}

const url = z.url({ protocol: /^https?$/ })
const Endpoints = z.looseObject({ mcp: url, control: url, issuer: url, pid: z.int() })

/** The gateway that BIR_URL and BIR_TOKEN name; without them, the one that `npm start` runs on this machine. */
export async function findGateway(environment: Environment): Promise<Gateway> {
  const config = readConfig(environment)
  const { timeoutMs } = environment
  if (config.birUrl) {
    const client = createClient({ url: config.birUrl, token: config.birToken ?? '', timeoutMs })
    return { client, mcpUrl: config.birMcpUrl && mcpUrlOf(config.birMcpUrl), embedded: undefined }
  }

  const { mcp, control, issuer } = await readEndpoints(config.birHome)
  const operator = await openOperator(config.birHome, { issuer, osUser: environment.osUser })
  const client = createClient({ url: control, token: (request) => operator.signAssertion(undefined, request), timeoutMs })
  return { client, mcpUrl: mcpUrlOf(mcp), embedded: { operator, issuer } }
}

async function readEndpoints(birHome: string): Promise<z.infer<typeof Endpoints>> {
  const file = join(birHome, 'endpoints.json')
  const notRunning = (why: string, cause?: unknown) =>
    new CliFault(
      'not_running',
      `The gateway is not running (${why}): start it with "npm start", or set BIR_URL and BIR_TOKEN to reach another.`,
      {
        cause,
      },
    )

  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    throw notRunning(`there is no ${file}`, cause)
  }
  const endpoints = Endpoints.safeParse(jsonOf(text))
  if (!endpoints.success) throw new CliFault('not_running', `${file} is damaged: stop the gateway and start it again with "npm start".`)
  if (!isAlive(endpoints.data.pid)) throw notRunning(`${file} was left by one that ended`)
  return endpoints.data
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** EPERM means that the process runs and belongs to another user. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

const mcpUrlOf = (base: string) => `${base.replace(/\/+$/, '').replace(/\/mcp$/, '')}/mcp`
