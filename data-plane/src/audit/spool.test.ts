import { fork } from 'node:child_process'
import { appendFileSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AuditHeader, AuditRecord, FIRST_PREV } from '@bir/sdk/contract/audit'
import { AUDIT_TEXT_CHARS, boundText } from '@bir/sdk/contract/audit-limits'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { faultOf, headerHash } from '@bir/sdk/chain'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { nextLine } from './line.ts'
import { reserve, SEGMENT_BYTES } from './segment-file.ts'
import { recover, segments } from './segments.ts'
import { BATCH_BYTES } from './shipping/read-batch.ts'
import { Spool } from './spool.ts'

const origin = { plane: uuidv7(), boot: uuidv7() }

function aDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'bir-spool-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

const aSpool = (dir: string) => Spool.open(dir, origin, 1e9).spool

const lines = (dir: string): AuditRecord[] =>
  segments(dir).flatMap(({ path }) =>
    readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => AuditRecord.parse(JSON.parse(line))),
  )

function expectIntact(records: AuditRecord[]): void {
  let head = { seq: 0, hash: FIRST_PREV }
  for (const record of records) {
    expect(faultOf(head, record)).toBeUndefined()
    head = { seq: record.header.seq, hash: record.hash }
  }
}

test('the header has the keys in the order of its schema, so that parsing and writing it gives the same bytes', () => {
  const fields = {
    v: 1,
    kind: 'call',
    atMs: 1,
    call: origin.boot,
    subject: 's',
    handle: 'h',
    actor: 'a',
    client: 'c',
    ip: 'i',
    userAgent: 'u',
    tokenId: 't',
    endpoint: 'e',
    era: 'x',
    method: 'm',
    server: 's',
    tool: 't',
    level: 'read',
    outcome: 'answered',
    reason: 'r',
    detail: 'd',
    httpStatus: 1,
    rpcCode: 1,
    revision: 1,
    behind: true,
    durationUs: 1,
    traceId: 't',
    count: 1,
    signature: 's',
    offline: true,
    sessionId: 's',
  } as const
  const { line } = nextLine(origin, { seq: 0, hash: FIRST_PREV }, fields, { args: '{}', result: '{}' })
  const { header, hash } = AuditRecord.parse(JSON.parse(line))
  expect(Object.keys(header)).toEqual(Object.keys(AuditHeader.shape))
  expect(headerHash(header)).toBe(hash)
  expect(header.v).toBe(2)
})

test('what a control plane of an earlier version does not read is left out, so that the records need not wait for it', () => {
  const fields = { kind: 'call', atMs: 1, tokenId: 't', sessionId: 's' } as const
  const headerFor = (readable: number) => {
    const { line } = nextLine(origin, { seq: 0, hash: FIRST_PREV }, fields, {}, readable)
    return AuditRecord.parse(JSON.parse(line)).header
  }
  expect(headerFor(2)).toMatchObject({ v: 2, tokenId: 't', sessionId: 's' })
  expect(headerFor(1)).toMatchObject({ v: 1, tokenId: 't' })
  expect(headerFor(1)).not.toHaveProperty('sessionId')
})

test('after a start a spool goes by its newest file, until the control plane says what it reads', async () => {
  const dir = aDir()
  /** Starts the spool, appends a record of a session, and stops it. The control plane may say what it reads. */
  const run = async (says?: number) => {
    const spool = aSpool(dir)
    if (says !== undefined) spool.readable = says
    await spool.append({ kind: 'call', atMs: 1, sessionId: 's' }, {}, true)
    spool.close()
    return lines(dir).at(-1)?.header.v
  }
  expect(await run()).toBe(1)
  expect(await run()).toBe(1)
  expect(await run(2)).toBe(2)
  expect(await run()).toBe(2)
  expect(await run(1)).toBe(1)
  expectIntact(lines(dir))
})

test('a record with any text can be read back, and the chain is intact', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.string({ unit: 'binary' }), fc.option(fc.string({ unit: 'binary' }), { nil: undefined })), { maxLength: 8 }),
      async (texts) => {
        const dir = aDir()
        const spool = aSpool(dir)
        await Promise.all(
          texts.map(([detail, args]) => spool.append({ kind: 'call', atMs: 1, detail: detail.toWellFormed() }, { args }, false)),
        )
        spool.close()
        expect(lines(dir)).toHaveLength(texts.length)
        expectIntact(lines(dir))
      },
    ),
    { numRuns: 30 },
  )
})

/** A header field that takes any text, by the schema. */
const isFreeText = (field: keyof typeof AuditHeader.shape) => AuditHeader.shape[field].safeParse('x'.repeat(1_000_000)).success

test('every free text of a header has a bound, and the longest record fits a batch', () => {
  const names = Object.keys(AuditHeader.shape) as (keyof typeof AuditHeader.shape)[]
  expect(Object.keys(AUDIT_TEXT_CHARS)).toEqual(names.filter(isFreeText))
  // No character takes more bytes in JSON than this one.
  const endless = '\0'.repeat(1_000_000)
  const texts = Object.fromEntries(Object.keys(AUDIT_TEXT_CHARS).map((name) => [name, endless]))
  const numbers = { atMs: 1, httpStatus: 1e300, rpcCode: 1.5, revision: NaN, durationUs: Infinity, count: 2 ** 60 }
  const fields = { kind: 'call', call: origin.boot, level: 'destroy', outcome: 'answered', ...numbers, ...texts } as const
  const { line } = nextLine(origin, { seq: 2 ** 50, hash: FIRST_PREV }, fields, { args: endless, result: endless })
  expect(Buffer.byteLength(line)).toBeLessThan(BATCH_BYTES)
  const { header, hash } = AuditRecord.parse(JSON.parse(line))
  expect(headerHash(header)).toBe(hash)
  for (const name of ['detail', 'tool', 'userAgent'] as const) expect(header[name]).toMatch(/ … \(cut: 1000000 characters\)$/)
  expect(header).not.toHaveProperty('rpcCode')
})

test('a text is cut to its bound with a note, and never inside a character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 60, maxLength: 400 }), fc.integer({ min: 60, max: 300 }), (text, maxChars) => {
      const bounded = boundText(text, maxChars)
      expect(bounded.length).toBeLessThanOrEqual(maxChars)
      expect(bounded === text).toBe(text.length <= maxChars)
      expect(bounded.isWellFormed()).toBe(true)
    }),
  )
})

test('a new process continues the chain where the last one ended', async () => {
  const dir = aDir()
  for (const round of [1, 2, 3]) {
    const spool = aSpool(dir)
    await spool.append({ kind: 'boot', atMs: round }, {}, true)
    spool.close()
  }
  expect(lines(dir).map(({ header }) => header.seq)).toEqual([1, 2, 3])
  expectIntact(lines(dir))
})

test('a torn last line is cut off: its answer was never sent', async () => {
  const dir = aDir()
  const spool = aSpool(dir)
  await spool.append({ kind: 'boot', atMs: 1 }, {}, false)
  spool.close()
  appendFileSync(segments(dir)[0]?.path ?? '', '{"hash":"abc","header":{"v":1,')
  const reopened = aSpool(dir)
  await reopened.append({ kind: 'boot', atMs: 2 }, {}, false)
  reopened.close()
  expectIntact(lines(dir))
  expect(lines(dir)).toHaveLength(2)
})

test.for([
  ['a changed outcome', (text: string) => text.replace('answered', 'refused')],
  ['a changed body', (text: string) => text.replace('salam', 'sagol')],
  ['a record taken out', (text: string) => text.split('\n').toSpliced(1, 1).join('\n')],
  ['a line that is no record', (text: string) => text.replace('\n', '\nnonsense\n')],
] as const)('%s is found at the next start, which fails with an error', async ([, damage]) => {
  const dir = aDir()
  const spool = aSpool(dir)
  for (const at of [1, 2, 3]) await spool.append({ kind: 'call', atMs: at, outcome: 'answered' }, { args: '"salam"' }, false)
  spool.close()
  const path = segments(dir)[0]?.path ?? ''
  writeFileSync(path, damage(readFileSync(path, 'utf8')))
  expect(() => recover(dir)).toThrow(/damaged|unreadable/)
})

test('the next start finds attempts without an end', async () => {
  const dir = aDir()
  const spool = aSpool(dir)
  const [ended, open] = [uuidv7(), uuidv7()]
  await spool.append({ kind: 'attempt', atMs: 1, call: ended }, {}, true)
  await spool.append({ kind: 'attempt', atMs: 2, call: open }, {}, true)
  await spool.append({ kind: 'call', atMs: 3, call: ended, outcome: 'answered' }, {}, true)
  spool.close()
  expect(recover(dir).open.map(({ header }) => header.call)).toEqual([open])
})

test('a body is cut at its limit, never inside a character, and its full size is recorded', async () => {
  const dir = aDir()
  const spool = aSpool(dir)
  await spool.append({ kind: 'call', atMs: 1 }, { result: 'ə'.repeat(50_000) }, false)
  spool.close()
  const record = lines(dir)[0]
  expect(record?.header.resultBytes).toBe(100_000)
  expect(record?.result).toBe('ə'.repeat(32_768))
  expectIntact(lines(dir))
})

test('when the disk is full a record is refused, and accepted again once there is space', async () => {
  // /dev/full fails every write with ENOSPC, as a full disk does.
  const dir = aDir()
  const spool = aSpool(dir)
  await spool.append({ kind: 'boot', atMs: 1 }, {}, false)
  const { fd } = spool as unknown as { fd: number }
  const full = openSync('/dev/full', 'w')
  Object.assign(spool, { fd: full })
  await expect(spool.append({ kind: 'call', atMs: 2 }, {}, false)).rejects.toMatchObject({
    code: 'unavailable',
    reason: 'audit-unavailable',
  })
  expect(() => spool.ready()).toThrow()
  closeSync(full)
  Object.assign(spool, { fd })
  spool.ready()
  await spool.append({ kind: 'call', atMs: 3 }, {}, true)
  spool.close()
  expect(lines(dir).map(({ header }) => header.atMs)).toEqual([1, 3])
  expectIntact(lines(dir))
})

test('after kill -9 every acknowledged record is there, and the chain is intact', async () => {
  const dir = aDir()
  for (let round = 0; round < 4; round++) {
    const child = fork(new URL('./spool-testing-child.ts', import.meta.url), [dir, JSON.stringify(origin)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    const acknowledged: number[] = []
    await new Promise<void>((resolve) => {
      child.on('message', (seq: number) => {
        acknowledged.push(seq)
        if (acknowledged.length === 300) child.kill('SIGKILL')
      })
      child.on('exit', () => resolve())
    })
    expect(acknowledged.length).toBeGreaterThanOrEqual(300)
    const { head } = recover(dir)
    expect(head.seq).toBeGreaterThanOrEqual(Math.max(...acknowledged))
    expectIntact(lines(dir))
  }
})

test('a segment reserves its space in advance, and releases the unused part', async () => {
  const dir = aDir()
  const spool = aSpool(dir)
  await spool.append({ kind: 'boot', atMs: 1 }, {}, true)
  const { path } = segments(dir)[0] ?? { path: '' }
  expect(statSync(path).size).toBe(SEGMENT_BYTES)
  const head = spool.tip
  spool.close()
  expect(statSync(path).size).toBeLessThan(1000)
  expect(recover(dir).head).toEqual(head)
})

test('across many segments, and during writes, the chain is intact and every record is there once', async () => {
  const dir = aDir()
  const spool = aSpool(dir)
  for (let at = 0; at < 120; at++) await spool.append({ kind: 'call', atMs: at }, { result: 'x'.repeat(60_000) }, at % 7 === 0)
  expect(segments(dir).length).toBeGreaterThan(2)
  expect(lines(dir)).toHaveLength(120)
  expectIntact(lines(dir))
  spool.close()
  expectIntact(lines(dir))
})

test('a disk that is too full to reserve space is no error', () => {
  const full = openSync('/dev/full', 'w')
  expect(() => reserve(full, 0)).not.toThrow()
  closeSync(full)
})
