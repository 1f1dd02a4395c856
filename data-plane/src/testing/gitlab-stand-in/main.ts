import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { seedShop } from './seed-shop.ts'
import { GitLabStandIn } from './stand-in.ts'

/**
 * A stand-in of GitLab, to try the product by hand: `node main.ts --port 4010`. It makes the tokens when it starts and
 * prints them. It is no GitLab, keeps nothing, and listens on loopback only.
 */
const { values } = parseArgs({ options: { port: { type: 'string', default: '0' }, prefix: { type: 'string', default: '' } } })
const standIn = await GitLabStandIn.start({ port: Number(values.port), prefix: values.prefix })
const tokens = seedShop(standIn.world)
process.stdout.write(`${JSON.stringify({ url: standIn.url, tokens }, undefined, 2)}\n`)
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
await standIn[Symbol.asyncDispose]()
