import { expect, test } from 'vitest'
import { parseOriginal, readOriginal } from './original.ts'

const nothing = { tokens: [], levels: [], tables: [], unknown: [] }

test('the entry of a person in Vault: tokens by system, levels, a connection of their own', () => {
  const entry = {
    secrets: { gitlab_token: 'fake-g', jira_token: 'fake-j', sql_url: 'postgresql://fake:fake@db/bank', grafana_token: '' },
    mcp_configs: { gitlab: { permission: 'write' }, jira: { permission: 'disabled' }, sql: {} },
    gitlab_oauth_token: null,
  }
  expect(readOriginal(entry)).toEqual({
    tokens: [
      { system: 'gitlab', fields: { '': 'fake-g' } },
      { system: 'jira', fields: { '': 'fake-j' } },
      { system: 'sql', fields: {}, unfit: 'connection' },
    ],
    levels: [
      { system: 'gitlab', level: 'write' },
      { system: 'jira', level: 'disabled' },
    ],
    tables: [],
    unknown: ['sql'],
  })
})

test('the access token of a sign-in is no token that lasts, also where it stands in the place of one', () => {
  const oauth = { access_token: 'fake-access', refresh_token: 'fake-refresh', scope: 'api', created_at: 1, expires_in: 7200 }
  const unfit = { system: 'gitlab', fields: {}, unfit: 'oauth' }
  expect(readOriginal({ secrets: { gitlab_token: 'fake-access' }, gitlab_oauth_token: oauth }).tokens).toEqual([unfit])
  expect(readOriginal({ secrets: { gitlab_token: 'fake-own' }, gitlab_oauth_token: oauth }).tokens).toEqual([
    { system: 'gitlab', fields: { '': 'fake-own' } },
  ])
})

test('the document of an installation in Consul: flat tokens, a log-in, connections, tables', () => {
  const text = `
gitlab_private_token: fake-g
jira_token: fake-j
grafana_username: bob
grafana_password: fake-p
gitlab_url: https://gitlab.example.com
ca_file: |
  -----BEGIN CERTIFICATE-----
sql_connections:
  bank: { driver: postgresql, host: db, port: 5432, username: reader, password: fake-d }
sql_contexts:
  - { name: b, connection_name: bank, schema_tables: [public.customers, public.accounts] }
`
  expect(parseOriginal(text)).toEqual({
    tokens: [
      { system: 'gitlab', fields: { '': 'fake-g' } },
      { system: 'jira', fields: { '': 'fake-j' } },
      { system: 'grafana', fields: { username: 'bob', password: 'fake-p' } },
      { system: 'sql', fields: {}, unfit: 'connection' },
    ],
    levels: [],
    tables: [{ connection: 'bank', allow: ['public.customers', 'public.accounts'] }],
    unknown: [],
  })
})

test('a document of a person in Consul: tokens, levels and tables by name', () => {
  const text = 'tokens: { gitlab: fake-g, grafana: { token: fake-t } }\nlevels: { gitlab: read }\ntables: { bank: [public.a] }\n'
  expect(parseOriginal(text)).toEqual({
    tokens: [
      { system: 'gitlab', fields: { '': 'fake-g' } },
      { system: 'grafana', fields: { token: 'fake-t' } },
    ],
    levels: [{ system: 'gitlab', level: 'read' }],
    tables: [{ connection: 'bank', allow: ['public.a'] }],
    unknown: [],
  })
})

test('a flat entry: a name means a token when it is the name of a server, and otherwise nothing', () => {
  expect(readOriginal({ gitlab: 'fake-g', colour: 'fake-c', 'glpat-fake': 'x' }, new Set(['gitlab']))).toEqual({
    ...nothing,
    tokens: [{ system: 'gitlab', fields: { '': 'fake-g' } }],
    unknown: ['colour', '(a name that is none)'],
  })
})

test('a token goes before a log-in, whatever the order', () => {
  const token = { grafana_token: 'fake-t' }
  const login = { grafana_username: 'bob', grafana_password: 'fake-p' }
  for (const document of [
    { ...token, ...login },
    { ...login, ...token },
  ])
    expect(readOriginal(document).tokens).toEqual([{ system: 'grafana', fields: { '': 'fake-t' } }])
})

test.for(['gitlab_token: "fake', '- a\n- b', 'fake-token', '', 'a: &a [x]\nb: [*a, *c]', '{"secrets": {"gitlab_token": "fake'])(
  'what is no map is nothing: %s',
  (text) => {
    expect(parseOriginal(text)).toBeUndefined()
  },
)
