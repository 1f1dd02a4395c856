import charts from './charts/index.ts'
import debug from './debug/index.ts'
import gitlab from './gitlab/index.ts'
import type { MountedServer } from '../server-kit/define.ts'
import meta from './meta/index.ts'
import sql from './sql/index.ts'

const servers: MountedServer[] = [charts, debug, gitlab, meta, sql]

/** Every server that a plane can mount, by id. */
export const mountedServers: ReadonlyMap<string, MountedServer> = new Map(servers.map((server) => [server.id, server]))
