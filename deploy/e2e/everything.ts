import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { until } from '@bir/data-plane/testing/waiting'
import { freePort } from '../local/base/free-port.ts'
import type { Upstream } from '../conformance/upstreams/serve.ts'

const main = createRequire(import.meta.url).resolve('@modelcontextprotocol/server-everything/dist/index.js')

/** The protocol's own example server, of the legacy eras, as docs/remote-servers.md starts it. */
export async function everything(): Promise<Upstream> {
  const port = await freePort() // it takes no port 0
  const child = spawn(process.execPath, [main, 'streamableHttp'], { env: { ...process.env, PORT: String(port) }, stdio: 'ignore' })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const url = `http://127.0.0.1:${port}/mcp`
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`The example server ended with ${child.exitCode}.`)
    return answers(url)
  }, 'the example server to answer')
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  )
}
