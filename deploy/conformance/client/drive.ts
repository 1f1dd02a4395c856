import { gatewayKinds, gateways } from '../gateway/gateway.ts'
import { revisions } from '../suite/requirements.ts'
import { connectDriver } from './driver.ts'
import { rawRequests, scenarios } from './scenarios.ts'

/**
 * The suite's client under test: a gateway with the suite's server behind it, and an official client before it.
 * `node drive.ts <gateway, or none> <url>`; the suite adds the URL.
 */

const { MCP_CONFORMANCE_SCENARIO: name = '', MCP_CONFORMANCE_PROTOCOL_VERSION: version, MCP_CONFORMANCE_CONTEXT: context } = process.env
const [, , kind, upstream = ''] = process.argv
const server = 'fixture'
const limitMs = 100_000

const scenario = scenarios[name]
const revision = revisions.find((one) => one === version)
if (!scenario || !revision) throw new Error(`Nothing is known of the scenario ${name} at ${version}`)

const gatewayKind = gatewayKinds.find((one) => one === kind)
await using gateway = gatewayKind && (await gateways[gatewayKind]({ [server]: { url: upstream, tools: scenario.tools } }, []))
const url = gateway?.url(server) ?? new URL(upstream)
const token = gateway?.token ?? 'none'
// What the suite ends when it has waited long enough is the shell that we run in, not us.
setTimeout(() => process.exit(2), limitMs).unref()
try {
  await using driver = await connectDriver(revision, url, token)
  await scenario.run({ driver, raw: rawRequests(url, token), context: context === undefined ? undefined : JSON.parse(context) })
} finally {
  for (const fault of gateway?.faults() ?? []) process.stderr.write(`inside: ${fault}\n`)
}
