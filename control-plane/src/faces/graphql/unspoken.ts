import type { GraphQLError } from 'graphql'
import type { Plugin } from 'graphql-yoga'

/** The operations that take values of secrets. Whoever calls one has its name in the text of the query. */
const takesSecrets = /\b(?:putSecret|importSecrets)\b/

/** Remembers which requests may hold a secret, wherever in them it stands. */
export function secretRequests(): { plugin: Plugin; mayHoldSecret: (request: Request) => boolean } {
  const requests = new WeakSet<Request>()
  return {
    plugin: { onParams: ({ request, params }) => void (takesSecrets.test(params.query ?? '') && requests.add(request)) },
    mayHoldSecret: (request) => requests.has(request),
  }
}

/**
 * The message of an error about the query itself, without what it repeats of a request that may hold a secret:
 * GraphQL and its parser quote the text or the variable that they do not take.
 */
export function unspoken({ message }: GraphQLError, mayHoldSecret: boolean): string {
  if (notJson.test(message)) return 'The request is not JSON as it must be.'
  if (!mayHoldSecret) return message
  if (message.startsWith('Syntax Error')) return `Syntax Error. ${notRepeated} Pass the values as variables.`
  const place = /^Variable "\$\w+"[^]* at "(\w+(?:\.(?:server|user|group|shared|fields|unchecked))*)";/.exec(message)?.[1]
  return `The request does not fit the schema${place === undefined ? '' : `, at ${place}`}. ${notRepeated}`
}

/** V8 quotes the text that it cannot parse. */
const notJson = /is not valid JSON|\bin JSON at\b|JSON input|invalid JSON/
const notRepeated = 'What it holds is not repeated here, because it may be a secret.'
