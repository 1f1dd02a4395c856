import { gatewayKinds, gateways } from '../gateway/gateway.ts'
import { revisions } from '../suite/requirements.ts'
import { connectDriver } from './driver.ts'
import { rawRequests, scenarios } from './scenarios.ts'

// The suite's client under test: a gateway between an official client and the suite's server.
// Usage: node drive.ts <gateway, or none> <url>. The suite appends the URL.

const { MCP_CONFORMANCE_SCENARIO: name = '', MCP_CONFORMANCE_PROTOCOL_VERSION: version, MCP_CONFORMANCE_CONTEXT: context } = process.env
const [, , kind, upstream = ''] = process.argv
const server = 'fixture'
const maxRunMs = 100_000

const scenario = scenarios[name]
const revision = revisions.find((candidate) => candidate === version)
if (!scenario || !revision) throw new Error(`Nothing is known of the scenario ${name} at ${version}`)

const gatewayKind = gatewayKinds.find((candidate) => candidate === kind)
await using gateway = gatewayKind && (await gateways[gatewayKind]({ [server]: { url: upstream, tools: scenario.tools } }, []))
const url = gateway?.url(server) ?? new URL(upstream)
const token = gateway?.token ?? 'none'
// After its own limit the suite ends the shell that runs this process, not the process.
setTimeout(() => process.exit(2), maxRunMs).unref()
try {
  await using driver = await connectDriver(revision, url, token)
  await scenario.run({ driver, raw: rawRequests(url, token), context: context === undefined ? undefined : JSON.parse(context) })
} finally {
  for (const fault of gateway?.faults() ?? []) process.stderr.write(`inside: ${fault}\n`)
}
