import { fileURLToPath } from 'node:url'
import type { ChildSpec } from './process/child.ts'
import type { Places } from './base/home.ts'
import type { Ports } from './ports.ts'

const host = '127.0.0.1'
export const IDP_PROVIDER = 'demo'

/** A call leaves some 30 KB of garbage: with room for the young it is gone before it grows old, at a third less resident memory under load. */
const planeFlags = ['--min-semi-space-size=16', '--max-semi-space-size=32']
/** Batches of audit are megabytes of buffers; a process that mostly waits would mark its whole heap after every few of them. At twice the size is often enough. */
const controlFlags = ['--heap-growing-percent=100']

/** The addresses that every part is told, and `endpoints.json` tells the world. */
export function addressesOf({ port, controlPort, portalPort, idpPort }: Ports) {
  const at = (port: number) => `http://${host}:${port}`
  return { mcpBase: at(port), control: at(controlPort), portal: at(portalPort), idp: at(idpPort) }
}
export type Addresses = ReturnType<typeof addressesOf>

/** The four processes of the local stage, in the order they start. */
export function childrenOf(places: Places, ports: Ports) {
  const addresses = addressesOf(ports)
  const child = (name: string, title: string, script: string, url: string, env: Record<string, string>): ChildSpec => ({
    name,
    title,
    script: fileURLToPath(script),
    healthUrl: `${url}/health`,
    env: { ...inherited(process.env), STAGE: 'local', HOST: host, BIR_HOME: places.home, ...env },
  })

  return {
    idp: child('idp', 'The demo identity provider', import.meta.resolve('./idp/main.ts'), addresses.idp, {
      PORT: String(ports.idpPort),
      HOME_DIR: places.idp,
    }),
    control: {
      ...child('control-plane', 'The control plane', import.meta.resolve('@bir/control-plane/main'), addresses.control, {
        PORT: String(ports.controlPort),
        PUBLIC_URL: addresses.control,
        MCP_URL: addresses.mcpBase,
        DATABASE_URL_FILE: places.databaseUrl,
        HOME_DIR: places.control,
        OPERATOR_KEY_FILE: places.operatorKey,
        JOIN_FILE: places.join,
        IDP_ISSUER: addresses.idp,
        IDP_PROVIDER: IDP_PROVIDER,
        IDP_AUDIENCE: 'bir',
      }),
      nodeFlags: controlFlags,
    },
    plane: {
      ...child('data-plane', 'The data plane', import.meta.resolve('@bir/data-plane/main'), addresses.mcpBase, {
        PORT: String(ports.port),
        PUBLIC_URL: addresses.mcpBase,
        HOME_DIR: places.plane,
        PLANE_NAME: 'local',
        SECRETS_DIR: places.secrets,
        BIR_JOIN_FILE: places.join,
        PORTAL_URL: addresses.portal,
      }),
      nodeFlags: planeFlags,
    },
    portal: child('portal', 'The portal', import.meta.resolve('@bir/portal/main'), addresses.portal, {
      PORT: String(ports.portalPort),
      CONTROL_URL: addresses.control,
      MCP_URL: addresses.mcpBase,
    }),
  }
}

/** Set for some other program, or for another stage, these would point a part away from what the launcher starts. */
const ours = /^(npm_|BIR_JOIN|DATABASE_URL|IDP_|OPERATOR_KEY|JOIN_FILE|MASTER_KEY|PORT$|HOST$|PUBLIC_URL|MCP_URL|NODE_OPTIONS$)/

function inherited(env: Record<string, string | undefined>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !ours.test(name)))
}
