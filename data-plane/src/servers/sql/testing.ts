import type { TableRules } from '@bir/sdk/contract/tables'
import { testDb } from '@bir/db/testing'
import { Client } from 'pg'
import { ToolError } from '@bir/sdk/contract/errors'
import type { CallContext } from '../../server-kit/context.ts'
import type { GatewayView } from '../../server-kit/gateway-view.ts'
import type { ToolAnswer } from '../../protocol/tool-answer.ts'
import server from './index.ts'

interface Secrets {
  amount: number
  phones: readonly [string, string, string]
  nationalIds: readonly [string, string, string]
}

/** The values alice may not see. The two banks differ in nothing else. */
const secrets: Readonly<Record<'first' | 'twin', Secrets>> = {
  first: { amount: 914_207, phones: ['+44 20 0111', '+44 20 0122', '+44 20 0133'], nationalIds: ['QQ123456A', 'QQ123457B', 'QQ123458C'] },
  twin: { amount: 25_813, phones: ['+90 212 77', '+90 212 88', '+90 212 66'], nationalIds: ['ZZ001116A', 'AA777777B', 'MM123458C'] },
}

const schema = ({ amount, phones, nationalIds }: Secrets) => `
  create table customers (id int primary key, name text not null, phone text, national_id text unique, city text, joined date);
  comment on table customers is 'People with an account';
  comment on column customers.city is 'Where they live';
  create table accounts (id int primary key, customer_id int not null references customers, iban text, balance numeric(14, 2), opened timestamptz, blob bytea);
  create table transactions (id bigint primary key, account_id int references accounts, amount numeric, details jsonb);
  create table salaries (id int primary key, customer_id int references customers, amount numeric(14, 2), month date);
  create table audit_log (id int, note text) partition by range (id);
  create table audit_log_open partition of audit_log for values from (0) to (100);
  create table audit_log_closed partition of audit_log for values from (100) to (200);
  create table parent_notes (id int, note text);
  create table child_notes (extra text) inherits (parent_notes);
  create view rich_customers as select c.id, c.name, s.amount > 1 as paid from customers c join salaries s on s.customer_id = c.id;
  create view salary_view as select * from salaries;
  create schema hr;
  create table hr.staff (id int, name text);
  create function public.peek(int) returns numeric language sql stable as 'select amount from public.salaries where id = $1';
  create function public.spy(customers) returns numeric language sql stable as 'select max(amount) from public.salaries';
  create operator public.@#@ (leftarg = int, rightarg = int, function = int4pl);
  insert into customers values
    (1, 'Ada', '${phones[0]}', '${nationalIds[0]}', 'London', '2024-01-01'),
    (2, 'Ben', '${phones[1]}', '${nationalIds[1]}', 'Leeds', '2024-01-02'),
    (3, 'Cyd', '${phones[2]}', '${nationalIds[2]}', null, '2024-01-03');
  insert into accounts select n, n, 'GB29NWBK6016133192681' || n, 100.5 * n, '2024-05-01 10:00+02', decode('c0ffee', 'hex') from generate_series(1, 3) n;
  insert into transactions select n, 1 + n % 3, n * 1.5, json_build_object('shop', 'S' || n, 'tags', json_build_array(1, 2)) from generate_series(1, 300) n;
  insert into salaries select n, n, ${amount} + n * 0.01, '2024-01-01' from generate_series(1, 3) n;
  insert into audit_log select n, 'note ' || n from generate_series(1, 3) n;
  insert into audit_log values (150, 'closed note ${amount}');
  insert into child_notes values (1, 'child ${amount}', 'x');
  insert into parent_notes values (2, 'parent');
  insert into hr.staff values (1, 'Eve');
  analyze;
`

/** Alice may read customers (one column is hidden, one masked), accounts, transactions and a view, but no salaries. */
export const aliceRules: TableRules = {
  allow: ['public.customers', 'public.accounts', 'public.transactions', 'public.rich_customers', 'public.audit_log', 'public.parent_notes'],
  deny: ['public.salaries', 'public.audit_log_closed', 'public.child_notes'],
  hide: { 'public.customers': ['phone'] },
  mask: { 'public.customers': ['national_id'] },
}

export interface Bank extends AsyncDisposable {
  /** A client that is logged in as the owner of the database. */
  owner: Client
  /** The role that the gateway logs in with. */
  role: string
  context(overrides?: {
    rules?: TableRules | undefined
    signal?: AbortSignal
    as?: 'reader' | 'superuser'
    settings?: object
    maxChars?: number
  }): CallContext
  call(tool: string, args: object, context?: CallContext): Promise<ToolAnswer>
}

/**
 * A small bank in a real PostgreSQL. The gateway logs in with a role that may read all but salaries, or as a
 * superuser.
 */
export async function aBank(name: 'first' | 'twin' = 'first'): Promise<Bank> {
  const { url, drop } = await testDb({ migrated: false })
  const owner = new Client({ connectionString: url })
  await owner.connect()
  await owner.query(schema(secrets[name]))
  const database = owner.database ?? ''
  const role = `reader_${database.slice(-12)}`
  await owner.query(`create role ${role} login password 'open sesame'`)
  await owner.query(`grant usage on schema public, hr to ${role}; grant select on all tables in schema public, hr to ${role}`)
  await owner.query(`revoke all on salaries from ${role}`)

  const { password } = owner
  const logins = {
    reader: { user: role, secret: 'open sesame' },
    superuser: { user: owner.user ?? '', secret: password ?? '' },
  }
  const base = { kind: 'postgres', host: owner.host, port: owner.port, database }
  const settingsOf = new Map<string, object>()
  const context: Bank['context'] = ({
    as = 'reader',
    signal = new AbortController().signal,
    settings = {},
    maxChars = 100_000,
    ...overrides
  } = {}) => {
    const { user, secret } = logins[as]
    const rules = 'rules' in overrides ? overrides.rules : aliceRules
    const connections = {
      [`${as}-${database.slice(-12)}`]: { ...base, user, ...(secret ? { password: { secret: 'login' } } : {}), ...settings },
    }
    const text = JSON.stringify(connections)
    if (!settingsOf.has(text)) settingsOf.set(text, { connections })
    return {
      caller: { id: 'alice', handle: 'alice', groups: [] },
      level: 'read',
      settings: settingsOf.get(text) ?? {},
      secret: undefined,
      signal,
      tables: () => rules,
      readSecret: async () => secret,
      gateway: { limits: { truncateChars: maxChars } } as GatewayView,
    }
  }

  return {
    owner,
    role,
    context,
    async call(name, args, callContext = context()) {
      const tool = server.tools.get(name)
      if (!tool) throw new Error(`no tool ${name}`)
      return tool.call(args, callContext)
    },
    async [Symbol.asyncDispose]() {
      await owner.query(`drop owned by ${role}; drop role ${role}`)
      await owner.end()
      await drop()
    },
  }
}

/** The error of a call that must fail with a ToolError. */
export async function failure(call: Promise<unknown>): Promise<ToolError> {
  const outcome = await call.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (outcome instanceof ToolError) return outcome
  throw new Error('the call did not fail with a ToolError', { cause: outcome })
}

const secretValues = Object.values(secrets).flatMap(({ amount, phones, nationalIds }) => [String(amount), ...phones, ...nationalIds])

/** The secret values of both banks that are in an answer. */
export const leaks = (answer: unknown): string[] => {
  const text = JSON.stringify(answer)
  return secretValues.filter((secret) => text.includes(secret))
}
