import { once } from 'node:events'
import { askedOf, HELP } from './command-line.ts'
import type { Asked } from './command-line.ts'
import { seedShop } from './seed-shop.ts'
import { GitLabStandIn } from './stand-in.ts'

/**
 * A stand-in of GitLab, to try the product by hand: `node main.ts --port 4100`. It makes the tokens when it starts and
 * prints them. It is no GitLab, keeps nothing, and listens on loopback only.
 */
async function serve({ port, prefix }: Asked): Promise<void> {
  const standIn = await GitLabStandIn.start({ port, prefix })
  const tokens = seedShop(standIn.world)
  process.stdout.write(`${JSON.stringify({ url: standIn.url, tokens }, undefined, 2)}\n`)
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  await standIn[Symbol.asyncDispose]()
}

const asked = askedOf(process.argv.slice(2))
if (asked === 'help') process.stdout.write(HELP)
else if (asked === 'wrong') {
  process.stderr.write(HELP)
  process.exitCode = 2
} else await serve(asked)
