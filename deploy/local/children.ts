import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LOOPBACK_HOST } from '@bir/sdk/contract/loopback'
import type { ChildSpec } from './process/child.ts'
import type { Places } from './base/home.ts'
import { environmentOf } from './environment.ts'
import type { Part } from './environment.ts'
import { GATEWAY_CLIENT_ID } from './idp/clients.ts'
import type { Ports } from './ports.ts'

/** The names of their logs. */
const names: Record<Part, string> = { idp: 'idp', notes: 'notes', control: 'control-plane', plane: 'data-plane', portal: 'portal' }

export const IDP_PROVIDER = 'demo'
/** The name of the secret that the gateway sends to the demo server of notes. */
export const NOTES_KEY = 'notes-key'

/**
 * A call leaves about 30 KB of garbage. A large young generation frees it
 * before it is promoted; under load the process needs a third less memory.
 */
const planeFlags = ['--min-semi-space-size=16', '--max-semi-space-size=32']
/**
 * Batches of audit records are megabytes of buffers. By default V8 would collect the whole heap after every few
 * batches; growing to twice its size first is enough.
 */
const controlFlags = ['--heap-growing-percent=100']

/** The addresses of the parts. Every part gets them, and `endpoints.json` publishes them. */
export function addressesOf({ port, controlPort, portalPort, idpPort, notesPort }: Ports) {
  const at = (port: number) => `http://${LOOPBACK_HOST}:${port}`
  return { mcpBase: at(port), control: at(controlPort), portal: at(portalPort), idp: at(idpPort), notes: at(notesPort) }
}
export type Addresses = ReturnType<typeof addressesOf>

/** The processes of the local stage. `notes` runs only while the policy names it. */
export function childrenOf(places: Places, ports: Ports) {
  const addresses = addressesOf(ports)
  const child = (part: Part, title: string, script: string, url: string, env: Record<string, string>): ChildSpec => ({
    name: names[part],
    title,
    script: fileURLToPath(script),
    healthUrl: `${url}/health`,
    env: { ...inheritedEnv(part, process.env), STAGE: 'local', HOST: LOOPBACK_HOST, BIR_HOME: places.home, ...env },
  })

  return {
    idp: child('idp', 'The demo identity provider', import.meta.resolve('./idp/main.ts'), addresses.idp, {
      PORT: String(ports.idpPort),
      HOME_DIR: places.idp,
      GATEWAY_URL: addresses.control,
      GATEWAY_SECRET_FILE: places.idpClientSecret,
    }),
    notes: child('notes', 'The demo server of notes', import.meta.resolve('./notes/main.ts'), addresses.notes, {
      PORT: String(ports.notesPort),
      HOME_DIR: places.notes,
      KEY_FILE: join(places.secrets, NOTES_KEY),
    }),
    control: {
      ...child('control', 'The control plane', import.meta.resolve('@bir/control-plane/main'), addresses.control, {
        PORT: String(ports.controlPort),
        PUBLIC_URL: addresses.control,
        MCP_URL: addresses.mcpBase,
        PORTAL_URL: addresses.portal,
        DATABASE_URL_FILE: places.databaseUrl,
        HOME_DIR: places.control,
        OPERATOR_KEY_FILE: places.operatorKey,
        JOIN_FILE: places.join,
        SECRETS_DIR: places.secrets,
        IDP_ISSUER: addresses.idp,
        IDP_PROVIDER: IDP_PROVIDER,
        IDP_AUDIENCE: 'bir',
        IDP_CLIENT_ID: GATEWAY_CLIENT_ID,
        IDP_CLIENT_SECRET_FILE: places.idpClientSecret,
      }),
      nodeFlags: controlFlags,
    },
    plane: {
      ...child('plane', 'The data plane', import.meta.resolve('@bir/data-plane/main'), addresses.mcpBase, {
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
      PORTAL_URL: addresses.portal,
      CONTROL_URL: addresses.control,
      MCP_URL: addresses.mcpBase,
      PORTAL_KEY_FILE: places.portalKey,
    }),
  }
}

/**
 * Settings that the launcher makes itself. Inherited ones may be
 * meant for another program or stage, so they are not passed on.
 */
const launcherSettings = /^(BIR_JOIN|DATABASE_URL|IDP_|OPERATOR_KEY|JOIN_FILE|MASTER_KEY|PORT$|HOST$|PUBLIC_URL|MCP_URL|PORTAL_)/

function inheritedEnv(part: Part, env: Record<string, string | undefined>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(environmentOf(part, env)).filter(([name]) => !launcherSettings.test(name)))
}
