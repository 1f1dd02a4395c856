import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { removeEmbeddedPostgres, startEmbeddedPostgres } from '@bir/db/embedded'
import type { EmbeddedPostgres } from '@bir/db/embedded'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { luhnSum, numeric } from './identifiers.ts'
import { bankRows } from './rows.ts'
import { ensureReader, seedBank } from './seed-bank.ts'

const home = mkdtempSync(join(tmpdir(), 'bir-bank-'))
let postgres: EmbeddedPostgres

beforeAll(async () => {
  postgres = await startEmbeddedPostgres({ home, settings: { fsync: 'off' } })
  await postgres.ensureDatabase('bir', 'bir')
  await postgres.ensureDatabase('bank', 'bank')
  await seedBank(postgres.url('bank', 'bank'))
  await ensureReader(postgres.url('bank', 'postgres'), 'bank_reader', postgres.password('bank_reader'))
})

afterAll(async () => {
  await postgres.stop()
  removeEmbeddedPostgres(home)
  rmSync(home, { recursive: true, force: true })
})

const asReader = (text: string, database = 'bank') => query(postgres.url(database, 'bank_reader'), text)

test('the bank is filled, and its books balance', async () => {
  const [counts] =
    await asReader(`select (select count(*) from customers)::int as customers, (select count(*) from accounts)::int as accounts,
    (select count(*) from transactions)::int as transactions, (select count(*) from salaries)::int as salaries`)
  expect(counts).toEqual({ customers: 2000, accounts: 3000, transactions: 120_000, salaries: 200 })

  const wrong = await asReader(`select id from accounts where balance < 0 or balance <> opening_balance +
    coalesce((select sum(amount) from transactions where account_id = accounts.id), 0)`)
  expect(wrong).toEqual([])
  const [span] = await asReader(`select min(booked_at) >= current_date - 367 as begins, max(booked_at) <= now() as ends from transactions`)
  expect(span).toEqual({ begins: true, ends: true })
})

test('a second seeding changes nothing', async () => {
  expect(await seedBank(postgres.url('bank', 'bank'))).toBe('kept')
})

test('every IBAN, card and identity number has the correct form and checksum', () => {
  const { customers, accounts } = bankRows(2030)
  for (const { iban } of accounts) expect(BigInt(numeric(iban.slice(4) + iban.slice(0, 4))) % 97n).toBe(1n)
  for (const customer of customers) {
    expect(customer.iban).toMatch(/^AZ\d{2}[A-Z]{4}\d{20}$/)
    expect(luhnSum(customer.card_number) % 10).toBe(0)
    expect(customer.national_id).toMatch(/^[0-9A-HJ-NP-Z]{7}$/)
    expect(customer.phone).toMatch(/^\+994\d{9}$/)
    expect(customer.email).toMatch(/^[a-z]+\.[a-z]+\d+@[a-z]+\.(example|com|org)$/)
  }
  expect(bankRows(2030)).toEqual(bankRows(2030))
})

test('every table and key column is described', async () => {
  const undescribed = await asReader(`select relname from pg_class join pg_namespace n on n.oid = relnamespace
    where nspname = 'public' and relkind = 'r' and obj_description(pg_class.oid) is null`)
  expect(undescribed).toEqual([])
})

test.for([
  { attempt: 'update customers set city = null', says: 'read-only transaction' },
  { attempt: 'begin read write; update customers set city = null', says: 'permission denied' },
  { attempt: 'begin read write; create table mine (id int)', says: 'permission denied for schema public' },
  { attempt: 'begin read write; create temporary table mine (id int)', says: 'permission denied' },
  { attempt: 'begin read write; select lo_create(0)', says: 'permission denied' },
  { attempt: "select pg_read_file('PG_VERSION')", says: 'permission denied' },
  { attempt: 'select * from pg_authid', says: 'permission denied' },
  { attempt: 'set role bank', says: 'permission denied' },
])('the reader cannot: $attempt', async ({ attempt, says }) => {
  await expect(asReader(attempt)).rejects.toThrow(says)
})

test.for(['bir', 'postgres', 'template1'])('the reader cannot connect to %s', async (database) => {
  await expect(asReader('select 1', database)).rejects.toThrow(`permission denied for database "${database}"`)
})

async function query(connectionString: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text)).rows
  } finally {
    await client.end()
  }
}
