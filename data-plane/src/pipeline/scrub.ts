import type { ToolAnswer } from '../servers/answer.ts'
import type { Filter } from './pipeline.ts'
import type { Ports } from './ports.ts'

const shortest = 6

/** No secret the gateway put into a call may come back in its answer, whatever an upstream echoes. */
export function scrub({ secretsInUse }: Pick<Ports, 'secretsInUse'>): Filter<object, ToolAnswer> {
  return function scrub(answer) {
    const secrets = [...secretsInUse()].filter((secret) => secret.length >= shortest)
    if (secrets.length === 0) return answer
    const written = secrets.map((secret) => JSON.stringify(secret).slice(1, -1))
    const json = JSON.stringify(answer)
    const found = written.filter((secret) => json.includes(secret))
    if (found.length === 0) return answer
    return JSON.parse(found.reduce((text, secret) => text.replaceAll(secret, '•••'), json)) as ToolAnswer
  }
}
