import { styleText } from 'node:util'
import type { Addresses } from './children.ts'
import { DEMO_PEOPLE } from './idp/people.ts'

/** The text that a person sees when every part answers. It has passwords only at the start that made them. */
export function readyScreen(state: {
  addresses: Addresses
  home: string
  postgresVersion: string
  databases: string
  passwords: Record<string, string> | undefined
  startedInMs: number
}): string {
  const { mcpBase, control, portal, idp } = state.addresses
  const bold = (text: string) => styleText('bold', text)
  const dim = (text: string) => styleText('dim', text)
  const row = (name: string, value: string, note = '') => `  ${name.padEnd(10)} ${value}${note && `  ${dim(note)}`}`
  const command = (text: string, note: string) => `  ${text.padEnd(35)}  ${dim(note)}`
  const step = (verb: string, note: string) => command(`npm run -s bir -- ${verb}`, note)
  const who = ({ handle, may }: (typeof DEMO_PEOPLE)[number]) =>
    `  ${handle.padEnd(7)} ${(state.passwords?.[handle] ?? '').padEnd(state.passwords ? 21 : 0)}${dim(may)}`

  return [
    '',
    `${bold('Bir MCP is ready.')} ${dim(`(${(state.startedInMs / 1000).toFixed(1)} s)`)}`,
    '',
    row('MCP', bold(`${mcpBase}/mcp`), 'for AI assistants'),
    row('Portal', portal),
    row('GraphQL', `${control}/graphql`, 'opens in a browser too'),
    row('Sign-in', idp, 'demo identity provider: try a password there'),
    row('State', state.home),
    ...(state.databases.startsWith(state.home) ? [] : [row('Databases', state.databases, 'outside the state, because root starts it')]),
    '',
    state.passwords ? `${bold('Demo people')}, with their passwords: shown this once` : bold('Demo people'),
    ...DEMO_PEOPLE.map(who),
    ...(state.passwords ? [] : [dim(`  A forgotten password: stop, delete ${state.home}/idp/people.json, start again.`)]),
    '',
    bold('A first thing to try'),
    step('apply -f deploy/local/no-internet.bir.yaml', 'before the others, only where the internet cannot be reached'),
    `  claude mcp add --transport http bir ${mcpBase}/mcp`,
    command('claude mcp login bir', `your browser opens: sign in as bob${state.passwords ? ', with the password above' : ''}`),
    step('connect cursor', 'how another assistant is connected: it needs the address alone'),
    step('login', 'signs you in at the command line; "whoami" says as whom'),
    step('audit search', 'who signed in and called what, and what was refused'),
    '',
    dim(
      `PostgreSQL ${state.postgresVersion} is bundled for evaluation and small teams; its minor releases lag upstream. Use your own in production.`,
    ),
    'Ctrl-C stops everything. Data stays.',
    '',
  ].join('\n')
}
