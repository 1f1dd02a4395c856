import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LOOPBACK_HOST } from '@bir/sdk/contract/loopback'

/** A proxy in front of the server, for comparison. */
export interface Contender extends AsyncDisposable {
  pid: number
  port: number
}

export const hasNginx = (): boolean => canRun('nginx', ['-v'])
export const hasPython = (): boolean => canRun('python3', ['--version'])

function canRun(command: string, args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** nginx as a plain reverse proxy that keeps its connections open. It is one process, as the others are. */
export async function nginx(upstreamPort: number): Promise<Contender> {
  const dir = mkdtempSync(join(tmpdir(), 'bir-bench-nginx-'))
  const port = await freePort()
  mkdirSync(join(dir, 'tmp'))
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${join(dir, 'tmp')};`).join(' ')
  const config = `daemon off; master_process off; pid ${join(dir, 'pid')}; error_log stderr crit;
events { worker_connections 4096; }
http { access_log off; ${temp} keepalive_requests 100000000;
  upstream echo { server ${LOOPBACK_HOST}:${upstreamPort}; keepalive 256; keepalive_requests 100000000; }
  server { listen ${LOOPBACK_HOST}:${port}; location / { proxy_pass http://echo; proxy_http_version 1.1; proxy_set_header Connection ""; } } }`
  writeFileSync(join(dir, 'nginx.conf'), config)
  return startContender('nginx', ['-p', dir, '-e', 'stderr', '-c', join(dir, 'nginx.conf')], dir, port)
}

/** FastMCP's proxy. It is fetched from PyPI into a virtual environment that is removed afterwards. */
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
  return startContender(python, [script, upstream, String(port)], dir, port)
}

async function startContender(command: string, args: string[], dir: string, port: number): Promise<Contender> {
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
  const server = createServer().listen(0, LOOPBACK_HOST)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
