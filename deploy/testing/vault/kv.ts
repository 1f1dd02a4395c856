/** What Vault answers: status, and the body where there is one. */
export type Said = readonly [status: number, body?: object]

interface Version {
  data: Record<string, unknown> | null
  deletedAt: string
  destroyed: boolean
}

/** The names below a folder; a folder in it ends with a slash. 404 where there is nothing. */
function listed(names: Iterable<string>, folder: string): Said {
  const prefix = `${folder.replace(/\/$/, '')}/`
  const below = [...names].filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length).replace(/\/.*/, '/'))
  return below.length === 0 ? [404, { errors: [] }] : [200, { data: { keys: [...new Set(below)].sort() } }]
}

const cannotCompare = 'check-and-set parameter did not match the current version'

/** A stand-in of a KV engine, version 2 (developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2). */
export class KvVersion2 {
  private readonly secrets = new Map<string, Version[]>()

  answer(method: string, path: string, body: Record<string, unknown>): Said {
    const [, kind, name = ''] = /^(data|metadata)\/(.+)$/.exec(path) ?? []
    if (kind === 'metadata' && method === 'LIST') return listed(this.secrets.keys(), name)
    if (kind === 'metadata' && method === 'DELETE') return this.secrets.delete(name) ? [204] : [204]
    if (kind === 'data' && method === 'GET') return this.read(name)
    if (kind === 'data' && method === 'POST') return this.write(name, body)
    if (kind === 'data' && method === 'DELETE') return this.softDelete(name)
    return [404, { errors: [], warnings: ['Invalid path for a versioned K/V secrets engine.'] }]
  }

  private read(name: string): Said {
    const versions = this.secrets.get(name)
    const version = versions?.at(-1)
    if (!versions || !version) return [404, { errors: [] }]
    const metadata = { version: versions.length, deletion_time: version.deletedAt, destroyed: version.destroyed }
    const isGone = version.deletedAt !== '' || version.destroyed
    return [isGone ? 404 : 200, { data: { data: isGone ? null : version.data, metadata } }]
  }

  private write(name: string, { data, options }: Record<string, unknown>): Said {
    const versions = this.secrets.get(name) ?? []
    const { cas } = (options ?? {}) as { cas?: number }
    if (cas !== undefined && cas !== versions.length) return [400, { errors: [cannotCompare] }]
    if (typeof data !== 'object' || data === null) return [400, { errors: ['no data provided'] }]
    this.secrets.set(name, [...versions, { data: { ...data }, deletedAt: '', destroyed: false }])
    return [200, { data: { version: versions.length + 1, deletion_time: '', destroyed: false } }]
  }

  private softDelete(name: string): Said {
    const version = this.secrets.get(name)?.at(-1)
    if (version) version.deletedAt = '2026-11-30T00:00:00Z'
    return [204]
  }
}

/** A stand-in of a KV engine, version 1 (developer.hashicorp.com/vault/api-docs/secret/kv/kv-v1). */
export class KvVersion1 {
  private readonly secrets = new Map<string, Record<string, unknown>>()

  answer(method: string, path: string, body: Record<string, unknown>): Said {
    if (method === 'LIST') return listed(this.secrets.keys(), path)
    const found = this.secrets.get(path)
    if (method === 'GET') return found ? [200, { data: found, lease_duration: 2_764_800 }] : [404, { errors: [] }]
    if (method === 'DELETE') this.secrets.delete(path)
    else this.secrets.set(path, body)
    return [204]
  }
}
