import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { LOOPBACK_HOST } from '@bir/sdk/contract/loopback'
import { Child } from '../measure/child.ts'

const upMs = 20_000
const downMs = 5_000

const program = new URL('./upstream.ts', import.meta.url)

export interface BrittleServer extends AsyncDisposable {
  url: string
  deaths(): number
}

/** A server that dies and comes back again and again, always at the same address. Every third time it hangs instead. */
export async function brittleServer(): Promise<BrittleServer> {
  const stopping = new AbortController()
  let port = 0
  let deaths = 0
  const front = createServer((client) => {
    const server = connect({ port, host: LOOPBACK_HOST })
    for (const socket of [client, server]) socket.on('error', () => [client, server].forEach((each) => each.destroy()))
    client.pipe(server).pipe(client)
  })
  await new Promise<void>((resolve) => front.listen(0, LOOPBACK_HOST, resolve))

  const live = async () => {
    while (!stopping.signal.aborted) {
      using child = new Child(program, ['legacy'])
      const { url } = await child.receive<{ url: string }>()
      port = Number(new URL(url).port)
      await pause(upMs, stopping.signal)
      deaths++
      if (deaths % 3 === 0) await hang(child.pid, stopping.signal)
      else process.kill(child.pid, 'SIGKILL')
      await pause(downMs, stopping.signal)
    }
  }
  const life = live()
  return {
    url: `http://${LOOPBACK_HOST}:${(front.address() as AddressInfo).port}/mcp`,
    deaths: () => deaths,
    async [Symbol.asyncDispose]() {
      stopping.abort()
      await life
      front.close()
    },
  }
}

async function hang(pid: number, signal: AbortSignal): Promise<void> {
  process.kill(pid, 'SIGSTOP')
  await pause(upMs, signal)
  process.kill(pid, 'SIGCONT')
}

const pause = (ms: number, signal: AbortSignal) => wait(ms, undefined, { signal }).catch(() => undefined)
