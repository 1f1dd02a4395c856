import type { Context } from '../base/context.ts'
import type { Guide } from './clients/guide.ts'
import type { Reached } from './endpoint.ts'
import { needsToken, untilText, variableLine } from './token-lines.ts'

interface Connection extends Reached {
  id: string
  guide: Guide
}

/** Tells how a client is connected that has no file. What to run or to paste is alone on stdout. */
export function connectByGuide(context: Context, { id, guide, endpoint, expiresAt }: Connection, { json }: { json?: true }): void {
  const { token, name, url } = endpoint
  const text = guide.text(endpoint)
  const steps = guide.steps(endpoint)
  if (json) context.printJson({ client: id, name, url, text, steps, ...(token !== undefined && { environment: { BIR_MCP_TOKEN: token } }) })
  if (!json && token !== undefined) context.print(variableLine(context, token))
  if (!json) context.print(text)
  if (!json) for (const step of steps) context.note(step)
  if (token !== undefined) return context.note(`${untilText(expiresAt)} Who has it can act as that person.`)
  if (guide.token === 'always') context.note(needsToken(guide.title))
}
