import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'

export interface Package {
  name: string
  version: string
  tarball: Buffer
  /** What the registry says of the tarball. Its true hash unless given. */
  integrity?: string
}

/** The registry's own notation of a hash (Subresource Integrity). */
export const integrityOf = (bytes: Buffer) => `sha512-${createHash('sha512').update(bytes).digest('base64')}`

/** A tarball as the npm registry has them: each file below `package/`, executable. */
export function makeTarball(files: Record<string, string>): Buffer {
  const blocks = Object.entries(files).flatMap(([path, text]) => {
    const content = Buffer.from(text)
    return [header(`package/${path}`, content.length), content, Buffer.alloc((512 - (content.length % 512)) % 512)]
  })
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]))
}

function header(path: string, size: number): Buffer {
  const block = Buffer.alloc(512)
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0')
  block.write(path, 0)
  block.write(octal(0o755, 7), 100)
  block.write(octal(size, 11), 124)
  block.write('        ', 148)
  block.write('0', 156)
  block.write('ustar\u000000', 257)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${octal(sum, 6)}\0 `, 148)
  return block
}

/** A registry on the loopback that serves these packages. `url` goes into `npm_config_registry`. */
export async function startRegistry(packages: Package[]): Promise<{ url: string; stop(): Promise<void> }> {
  const server = createServer((request, response) => serve(packages, url, request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const stop = () => {
    server.closeAllConnections()
    return new Promise<void>((resolve) => server.close(() => resolve()))
  }
  return { url, stop }
}

function serve(packages: Package[], url: string, request: IncomingMessage, response: ServerResponse): void {
  const [, name = '', file] = decodeURIComponent(request.url ?? '').split('/')
  const found = packages.find((candidate) => candidate.name === name)
  if (!found) return void response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"not found"}')
  if (file) return void response.end(found.tarball)
  const { version, tarball, integrity = integrityOf(tarball) } = found
  const manifest = { name, version, dist: { tarball: `${url}/${name}/${name}-${version}.tgz`, integrity } }
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ name, 'dist-tags': { latest: version }, versions: { [version]: manifest } }))
}
