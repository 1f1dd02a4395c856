import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Something that stands before the server: where, and as which process. */
export interface Contender extends AsyncDisposable {
  pid: number
  port: number
}

export const hasNginx = (): boolean => works('nginx', ['-v'])
export const hasPython = (): boolean => works('python3', ['--version'])

function works(command: string, args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** nginx as a plain reverse proxy with kept connections; one process, as all the others are. */
export async function nginx(upstreamPort: number): Promise<Contender> {
  const dir = mkdtempSync(join(tmpdir(), 'bir-bench-nginx-'))
  const port = await freePort()
  mkdirSync(join(dir, 'tmp'))
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${join(dir, 'tmp')};`).join(' ')
  const config = `daemon off; master_process off; pid ${join(dir, 'pid')}; error_log stderr crit;
events { worker_connections 4096; }
http { access_log off; ${temp} keepalive_requests 100000000;
  upstream echo { server 127.0.0.1:${upstreamPort}; keepalive 256; keepalive_requests 100000000; }
  server { listen 127.0.0.1:${port}; location / { proxy_pass http://echo; proxy_http_version 1.1; proxy_set_header Connection ""; } } }`
  writeFileSync(join(dir, 'nginx.conf'), config)
  return started('nginx', ['-p', dir, '-e', 'stderr', '-c', join(dir, 'nginx.conf')], dir, port)
}

/** FastMCP's proxy out of an environment of its own, fetched from PyPI and removed afterwards. */
export async function fastMcp(upstream: string): Promise<Contender> {
  const dir = mkdtempSync(join(tmpdir(), 'bir-bench-fastmcp-'))
  const [python, port] = [join(dir, 'bin/python'), await freePort()]
  try {
    execFileSync('python3', ['-m', 'venv', dir], { stdio: 'ignore' })
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', 'fastmcp==4.1.2'], { stdio: ['ignore', 'ignore', 'inherit'] })
  } catch (cause) {
    rmSync(dir, { recursive: true, force: true })
    throw new Error('FastMCP could not be installed', { cause })
  }
  const script = fileURLToPath(new URL('./fastmcp.py', import.meta.url))
  return started(python, [script, upstream, String(port)], dir, port)
}

async function started(command: string, args: string[], dir: string, port: number): Promise<Contender> {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  await once(child, 'spawn')
  return {
    pid: child.pid ?? 0,
    port,
    async [Symbol.asyncDispose]() {
      const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined
      child.kill('SIGTERM')
      await ended
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
