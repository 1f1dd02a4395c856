import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { CliFault } from '../base/fault.ts'

const url = z.url({ protocol: /^https?$/ })
const Endpoints = z.looseObject({ mcp: url, control: url, issuer: url, pid: z.int() })

/** The addresses of the gateway that `npm start` runs on this machine. Throws `CliFault` when it does not run. */
export async function readEndpoints(birHome: string): Promise<z.infer<typeof Endpoints>> {
  const file = join(birHome, 'endpoints.json')
  const notRunning = (why: string, cause?: unknown) =>
    new CliFault(
      'not_running',
      `The gateway is not running (${why}): start it with "npm start", or set BIR_URL to reach another ("bir login" signs you in there).`,
      { cause },
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
