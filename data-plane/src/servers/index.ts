import type { MountedServer } from './define.ts'

const all: MountedServer[] = []

/** Every server this plane can mount, by id. */
export const mountedServers: ReadonlyMap<string, MountedServer> = new Map(all.map((server) => [server.id, server]))
