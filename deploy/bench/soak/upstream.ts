import { upstreams } from '../../conformance/upstreams/index.ts'

// A server of the conformance fixture in a process of its own, so that it can be killed: `legacy` or `modern`.

const [kind] = process.argv.slice(2)
if (kind !== 'legacy' && kind !== 'modern') throw new Error(`there is no fixture "${kind}"`)

process.on('disconnect', () => process.exit())
const { url } = await upstreams[kind].start()
process.send?.({ url })
