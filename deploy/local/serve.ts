import { fileURLToPath } from 'node:url'
import { LOOPBACK_HOST } from '@bir/sdk/contract/loopback'
import { startChild } from './process/child.ts'
import type { ChildSpec } from './process/child.ts'
import type { Config } from './config.ts'
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

/** These open the database, the private keys and the identity provider: no part but the control plane gets them. */
const controlPlaneSettings = /^(DATABASE_URL|MASTER_KEY|IDP_)/

function partsOf({ stage, home, controlPort, port, portalPort }: Config): ChildSpec[] {
  const places = placesOf(home)
  const { PUBLIC_URL: controlUrl = '', MCP_URL: mcpUrl = '' } = process.env
  const others = Object.fromEntries(Object.entries(process.env).filter(([name]) => !controlPlaneSettings.test(name)))
  const part = (title: string, name: string, main: string, port: number, env: NodeJS.ProcessEnv): ChildSpec => ({
    name,
    title,
    script: fileURLToPath(main),
    healthUrl: `http://${LOOPBACK_HOST}:${port}/health`,
    env: { ...others, STAGE: stage, PORT: String(port), ...env },
  })
  return [
    part('The control plane', 'control-plane', import.meta.resolve('@bir/control-plane/main'), controlPort, {
      ...process.env,
      STAGE: stage,
      PORT: String(controlPort),
      HOME_DIR: places.control,
      JOIN_FILE: places.join,
      SECRETS_DIR: places.secrets,
    }),
    part('The data plane', 'data-plane', import.meta.resolve('@bir/data-plane/main'), port, {
      HOME_DIR: places.plane,
      PUBLIC_URL: mcpUrl,
      BIR_JOIN_FILE: places.join,
      SECRETS_DIR: places.secrets,
    }),
    part('The portal', 'portal', import.meta.resolve('@bir/portal/main'), portalPort, { CONTROL_URL: controlUrl, MCP_URL: mcpUrl }),
  ]
}
