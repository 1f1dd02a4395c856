import { fileURLToPath } from 'node:url'
import { LOOPBACK_HOST } from '@bir/sdk/contract/loopback'
import { startChild } from './process/child.ts'
import type { ChildSpec } from './process/child.ts'
import type { Config } from './config.ts'
import { environmentOf } from './environment.ts'
import type { Part } from './environment.ts'
import { placesOf, prepareHome } from './base/home.ts'
import { takeLock } from './process/launcher-lock.ts'
import { reportDeaths } from './process/report-deaths.ts'
import { Supervised } from './process/supervised.ts'
import type { Running } from './process/supervised.ts'
import type { StopRequest } from './process/stop-request.ts'
import type { Terminal } from './process/terminal.ts'

/**
 * Outside stage local: runs the three parts on this machine,
 * with the database and the provider that the environment names.
 */
export async function serve(config: Config, terminal: Terminal, stopRequest: StopRequest): Promise<number> {
  const places = prepareHome(config.home)
  const release = takeLock(places.lock)
  const observer = reportDeaths(terminal)
  const parts = partsOf(config).map(
    (spec) =>
      new Supervised<Running>(spec.title, (stop) => startChild(spec, { logs: places.logs, stop, onLine: terminal.showLog }), observer),
  )
  try {
    const starting = (async () => {
      for (const part of parts) await part.start()
      terminal.say('Every part answers. Ctrl-C stops them.')
    })()
    await Promise.race([starting, stopRequest.exitCode])
    return await stopRequest.exitCode
  } finally {
    for (const part of parts.toReversed()) await part.stop()
    release()
  }
}

export function partsOf({ stage, home, controlPort, port, portalPort }: Config, environment: NodeJS.ProcessEnv = process.env): ChildSpec[] {
  const places = placesOf(home)
  const { PUBLIC_URL: controlUrl = '', MCP_URL: mcpUrl = '', NODE_OPTIONS: nodeOptions } = environment
  const part = (part: Part, name: string, title: string, main: string, port: number, env: NodeJS.ProcessEnv): ChildSpec => ({
    name,
    title,
    script: fileURLToPath(main),
    healthUrl: `http://${LOOPBACK_HOST}:${port}/health`,
    env: { ...environmentOf(part, environment), NODE_OPTIONS: nodeOptions, STAGE: stage, PORT: String(port), ...env },
  })
  return [
    part('control', 'control-plane', 'The control plane', import.meta.resolve('@bir/control-plane/main'), controlPort, {
      HOME_DIR: places.control,
      JOIN_FILE: places.join,
      SECRETS_DIR: places.secrets,
    }),
    part('plane', 'data-plane', 'The data plane', import.meta.resolve('@bir/data-plane/main'), port, {
      HOME_DIR: places.plane,
      PUBLIC_URL: mcpUrl,
      BIR_JOIN_FILE: places.join,
      SECRETS_DIR: places.secrets,
    }),
    part('portal', 'portal', 'The portal', import.meta.resolve('@bir/portal/main'), portalPort, {
      CONTROL_URL: controlUrl,
      MCP_URL: mcpUrl,
    }),
  ]
}
