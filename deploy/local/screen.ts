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
    `  npm run -s bir -- connect claude-code                ${dim('how to connect an assistant, which then signs you in')}`,
    `  npm run -s bir -- token alice                        ${dim('a token for a client that cannot sign in')}`,
    `  npm run -s bir -- audit search                       ${dim('who called what, and what was refused')}`,
    '',
    dim(
      `PostgreSQL ${state.postgresVersion} is bundled for evaluation and small teams; its minor releases lag upstream. Use your own in production.`,
    ),
    'Ctrl-C stops everything. Data stays.',
    '',
  ].join('\n')
}
