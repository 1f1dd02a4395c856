import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { delimiter, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

/** A Consul for tests. Whoever uses it takes a prefix of their own. */
export interface TestConsul extends AsyncDisposable {
  readonly address: string
  /** Undefined where its ACLs are off. With ACLs: of the management. */
  readonly token: string | undefined
  /** Asks Consul itself, past our own code. Throws unless the answer is a success. */
  ask(method: string, path: string, body?: string): Promise<string>
}

/** A program `consul`: that of BIR_CONSUL, or of the path. */
const program = process.env['BIR_CONSUL'] ?? onPath('consul')

/** Why tests with Consul are skipped. Undefined: they are not. */
export const noConsul: string | undefined =
  (process.env['BIR_TEST_CONSUL_ADDR'] ?? program) === undefined
    ? 'skipped: no program consul, and BIR_TEST_CONSUL_ADDR names no server'
    : undefined

/** Why tests are skipped that need a Consul with settings of their own. */
export const noConsulProgram: string | undefined = program === undefined ? 'skipped: no program consul' : undefined

/** The server of BIR_TEST_CONSUL_ADDR (with BIR_TEST_CONSUL_TOKEN), or one that is started here. */
export async function aConsul(): Promise<TestConsul> {
  const address = process.env['BIR_TEST_CONSUL_ADDR']
  if (!address) return startConsul()
  const token = process.env['BIR_TEST_CONSUL_TOKEN']
  return { address, token, ask: asking(address, token), [Symbol.asyncDispose]: async () => undefined }
}

interface Options {
  /** Whoever has no token may do nothing. */
  acl?: boolean
  /** Serves https too: the paths of PEM files. */
  tls?: { certificate: string; key: string }
}

/** A real Consul in memory, on free ports of the loopback. */
export async function startConsul({ acl = false, tls }: Options = {}): Promise<TestConsul & { httpsAddress: string }> {
  if (program === undefined) throw new Error('There is no program consul here.')
  const [http, server, lan, https] = (await freePorts(4)) as [number, number, number, number]
  const settings = {
    ports: { http, server, serf_lan: lan, serf_wan: -1, grpc: -1, dns: -1, https: tls ? https : -1 },
    ...(acl ? { acl: { enabled: true, default_policy: 'deny' } } : {}),
    ...(tls ? { cert_file: tls.certificate, key_file: tls.key } : {}),
    // The program wants no part of its maker's network.
    disable_update_check: true,
  }
  const flags = ['agent', '-dev', '-bind', '127.0.0.1', '-log-level', 'err', '-hcl', JSON.stringify(settings)]
  const child = spawn(program, flags, { stdio: ['ignore', 'ignore', 'inherit'] })
  const address = `http://127.0.0.1:${http}`
  let token: string | undefined
  try {
    await untilLeads(child, asking(address, undefined))
    if (acl) token = await bootstrap(asking(address, undefined))
  } catch (error) {
    await end(child)
    throw error
  }
  return {
    address,
    httpsAddress: `https://127.0.0.1:${https}`,
    token,
    ask: asking(address, token),
    [Symbol.asyncDispose]: () => end(child),
  }
}

type Ask = TestConsul['ask']

function asking(address: string, token: string | undefined): Ask {
  return async (method, path, body) => {
    const headers: Record<string, string> = token === undefined ? {} : { 'x-consul-token': token }
    const response = await fetch(`${address}/v1/${path}`, { method, headers, ...(body === undefined ? {} : { body }) })
    const text = await response.text()
    if (!response.ok) throw new Error(`Consul answers ${method} ${path} with ${response.status}: ${text}`)
    return text
  }
}

/** Until it has a leader. */
async function untilLeads(child: ChildProcess, ask: Ask): Promise<void> {
  while (child.exitCode === null) {
    const leader = await ask('GET', 'status/leader').catch(() => '""')
    if (leader !== '""') return
    await wait(50)
  }
  throw new Error(`consul ended with status ${child.exitCode}.`)
}

/** The first token of the management. Consul answers an error until its leader has made the ground for it. */
async function bootstrap(ask: Ask): Promise<string> {
  for (;;) {
    const answer = await ask('PUT', 'acl/bootstrap').catch((error: Error) => error)
    if (typeof answer === 'string') return (JSON.parse(answer) as { SecretID: string }).SecretID
    if (!/ACL system is currently in legacy mode|not.*leader|500/i.test(answer.message)) throw answer
    await wait(50)
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

/** All are held at once, so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

function onPath(name: string): string | undefined {
  const candidates = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name))
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
