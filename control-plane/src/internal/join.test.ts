import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PlanesChunk } from '@bir/sdk/contract/snapshot'
import { expect, test } from 'vitest'
import { aPlane, aRunningControlPlane, tryJoin } from './testing.ts'
import type { TestControlPlane } from './testing.ts'

const secretOf = (line: string) => /#([\w-]+)\./.exec(line)?.[1] ?? ''
test('whoever kept the lines of an expelled plane gets nothing with them', async () => {
  await using control = await aRunningControlPlane()
  const itsLine = control.joinLine()
  const goes = await aPlane(control, 'goes')
  const lineItCouldRead = control.joinLine()
  const { line: lineForItsName } = await control.client().planes.invite({ name: 'goes' })
  const { line: shared } = await control.client().planes.invite({ uses: 5 })
  const sharer = await aPlane(control, 'sharer', shared)
  await control.client().planes.expel({ id: goes.id })
  await control.client().planes.expel({ id: sharer.id })

  for (const line of [itsLine, lineItCouldRead, lineForItsName, shared]) {
    const { status, body } = await tryJoin(control, line, 'goes')
    expect([status, body.error]).toEqual([403, 'join_line'])
    expect(body.error_description).toContain('bir plane invite')
  }
  for (const path of ['/snapshot?have=0', '/sealing-keys', '/planes']) expect((await goes.get(path)).status).toBe(403)
  expect((await goes.post('/planes', '{"internalUrl":"http://192.0.2.1:8090"}')).status).toBe(403)
})

test('a line for others stays good when a plane is expelled', async () => {
  await using control = await aRunningControlPlane()
  const goes = await aPlane(control, 'goes')
  const { line } = await control.client().planes.invite({ name: 'comes' })
  await control.client().planes.expel({ id: goes.id })
  expect((await tryJoin(control, line, 'comes')).status).toBe(200)
})

test('the file always holds a line for the next plane, that only its owner can read', async () => {
  await using control = await aRunningControlPlane()
  const lines = [control.joinLine()]
  for (const name of ['a', 'b', 'c']) {
    await aPlane(control, name)
    lines.push(control.joinLine())
  }
  expect(new Set(lines).size).toBe(4)
  expect(statSync(join(control.home, 'join')).mode & 0o777).toBe(0o600)
  expect((await control.client().planes.list()).items.map(({ name }) => name)).toEqual(['a', 'b', 'c'])
  for (const line of lines.slice(0, 3)) expect(await tryJoin(control, line)).toMatchObject({ status: 403, body: { error: 'join_line' } })
})

test('when two planes read the same line, one joins, and the other finds the next line in the file', async () => {
  await using control = await aRunningControlPlane()
  const line = control.joinLine()
  const answers = await Promise.all(['a', 'b', 'c'].map((name) => tryJoin(control, line, name)))
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 403, 403])
  const refused = answers.find(({ status }) => status === 403)
  expect(refused?.body.error_description).toContain('read that file again')
  expect(control.joinLine()).not.toBe(line)
  expect((await tryJoin(control, control.joinLine())).status).toBe(200)
})

test('a plane that lost the answer to its join gets it again, and no use is spent', async () => {
  await using control = await aRunningControlPlane()
  const { line, id } = await control.client().planes.invite({ uses: 2 })
  const plane = await aPlane(control, 'plane-1', line)
  expect(await (await plane.join()).json()).toMatchObject({ id: plane.id })
  expect(await lineOf(control, id)).toMatchObject({ uses: 2, used: 1, state: 'open', planes: [{ plane: plane.id, name: 'plane-1' }] })
})

const lineOf = async (control: TestControlPlane, id: string) => (await control.client().planes.lines()).items.find((item) => item.id === id)

test('the file of another replica gets a new line when its line was used here', async () => {
  await using control = await aRunningControlPlane()
  const path = join(control.home, 'other-join')
  const other = await control.start({ joinFile: path })
  const read = () => readFileSync(path, 'utf8').trim()
  const line = read()
  expect(line).not.toBe(control.joinLine())
  expect((await tryJoin(control, line)).status).toBe(200)
  await expect.poll(read).not.toBe(line)
  await other.close()
})

test('a file with the unchanging line of an earlier version gets a line, and the old one says how to get another', async () => {
  await using control = await aRunningControlPlane()
  const old = control.joinLine().replace(secretOf(control.joinLine()), 'A'.repeat(43))
  await control.close()
  writeFileSync(join(control.home, 'join'), `${old}\n`)
  await control.restart()
  expect(control.joinLine()).not.toBe(old)
  const { status, body } = await tryJoin(control, old)
  expect([status, body.error]).toEqual([403, 'join_line'])
  expect(body.error_description).toMatch(/earlier version.*read that file again.*bir plane invite/)
  expect((await tryJoin(control, control.joinLine())).status).toBe(200)
})

test('a line admits as many planes as it says', async () => {
  await using control = await aRunningControlPlane()
  const { line } = await control.client().planes.invite({ uses: 2 })
  const statuses = []
  for (const name of ['a', 'b', 'c']) statuses.push((await tryJoin(control, line, name)).status)
  expect(statuses).toEqual([200, 200, 403])
})

test('a line for one plane admits no other, and says which', async () => {
  await using control = await aRunningControlPlane()
  const { line } = await control.client().planes.invite({ name: 'berlin-2' })
  const other = await tryJoin(control, line, 'berlin-3')
  expect([other.status, other.body.error]).toEqual([403, 'forbidden'])
  expect(other.body.error_description).toContain('PLANE_NAME=berlin-2')
  expect((await tryJoin(control, line, 'berlin-2')).status).toBe(200)
})

test('a line is good for an hour unless it says otherwise, and for a year at most', async () => {
  await using control = await aRunningControlPlane()
  const beforeMs = Date.now()
  const { line, id, until, uses } = await control.client().planes.invite()
  expect(uses).toBe(1)
  expect(Date.parse(until) - beforeMs).toBeGreaterThanOrEqual(3_600_000)
  expect(Date.parse(until) - Date.now()).toBeLessThanOrEqual(3_600_000)

  await control.db.updateTable('join_lines').set({ until: new Date() }).where('id', '=', id).execute()
  expect((await tryJoin(control, line)).body.error_description).toContain('The time of this join line is over.')
  expect(await lineOf(control, id)).toMatchObject({ state: 'expired' })
  const invite = (until: string) => control.client().planes.invite({ until })
  await expect(invite(new Date(beforeMs).toISOString())).rejects.toThrow('past')
  await expect(invite('2200-01-01T00:00:00Z')).rejects.toThrow('a year at most')
})

test('a line that was revoked admits nobody, and a revoked line of the file is replaced at once', async () => {
  await using control = await aRunningControlPlane()
  const { items } = await control.client().planes.lines({ open: true })
  const line = control.joinLine()
  await control.client().planes.revokeLine({ id: items[0]?.id ?? '' })
  expect((await tryJoin(control, line)).body.error_description).toContain('revoked')
  expect((await tryJoin(control, control.joinLine())).status).toBe(200)
  await expect(control.client().planes.revokeLine({ id: items[0]?.id ?? '' })).rejects.toMatchObject({ code: 'conflict' })
  await expect(control.client().planes.revokeLine({ id: crypto.randomUUID() })).rejects.toMatchObject({ code: 'not_found' })
})

test('administrators see who made a line and who joined with it; making and using it are records', async () => {
  await using control = await aRunningControlPlane()
  const { line, id } = await control.client().planes.invite({ uses: 3 })
  const plane = await aPlane(control, 'berlin', line)
  const { items } = await control.client().planes.lines({ first: 1, after: undefined })
  expect(items).toHaveLength(1)
  expect(await lineOf(control, id)).toMatchObject({
    origin: 'invitation',
    madeBy: 'operator:tester',
    uses: 3,
    used: 1,
    planes: [{ plane: plane.id, name: 'berlin', joinedAfter: null, expelled: false }],
  })
  const records = (await control.client().audit.search({ kind: 'change' })).items
  expect(records).toMatchObject([
    { actor: 'plane:berlin', method: 'planes.join', args: expect.stringContaining(id) },
    { actor: 'operator:tester', method: 'planes.invite', args: expect.stringContaining(id) },
  ])
})

test('a join soon after an expulsion is shown, logged and recorded', async () => {
  await using control = await aRunningControlPlane()
  const goes = await aPlane(control, 'goes')
  await control.client().planes.expel({ id: goes.id })
  const { line, id } = await control.client().planes.invite()
  const comes = await aPlane(control, 'comes', line)
  expect(await lineOf(control, id)).toMatchObject({ planes: [{ plane: comes.id, joinedAfter: goes.id }] })
  expect(control.events).toContainEqual(
    expect.objectContaining({
      event: 'plane-joined-after-expulsion',
      facts: { plane: comes.id, name: 'comes', line: id, expelled: goes.id },
    }),
  )
  const [record] = (await control.client().audit.search({ kind: 'change' })).items
  expect(record?.args).toContain(`after the expulsion of ${goes.id}`)
})

test('long after an expulsion, only a join under the same name is shown', async () => {
  await using control = await aRunningControlPlane()
  const goes = await aPlane(control, 'goes')
  await control.client().planes.expel({ id: goes.id })
  await control.db
    .updateTable('planes')
    .set({ expelled_at: new Date(Date.now() - 8 * 86_400_000) })
    .where('id', '=', goes.id)
    .execute()
  const { line, id } = await control.client().planes.invite({ uses: 2 })
  await aPlane(control, 'other', line)
  await aPlane(control, 'goes', line)
  expect((await lineOf(control, id))?.planes.map(({ joinedAfter }) => joinedAfter)).toEqual([null, goes.id])
})

test('the secret of a line is in no table, record or log', async () => {
  await using control = await aRunningControlPlane()
  const { line } = await control.client().planes.invite()
  const secret = secretOf(line)
  expect(secret).toHaveLength(43)
  await tryJoin(control, line)
  await tryJoin(control, line)
  const tables = [
    await control.db.selectFrom('join_lines').selectAll().execute(),
    await control.db.selectFrom('audit_headers').selectAll().execute(),
  ]
  const bodies = (await control.client().audit.search({})).items
  expect(JSON.stringify([tables, bodies, control.events])).not.toContain(secret)
})

test('an address where no plane can be is refused, at the join and later', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  const internalUrl = 'http://169.254.169.254'
  const refusal = [400, expect.stringContaining('no plane can be at 169.254.169.254')]
  const answer = await plane.post('/planes', JSON.stringify({ internalUrl }))
  expect([answer.status, await answer.text()]).toEqual(refusal)
  const line = control.joinLine()
  const { status, body } = await tryJoin(control, line, 'plane-2', { internalUrl })
  expect([status, body.error_description]).toEqual(refusal)
  // The line was not spent.
  expect((await tryJoin(control, line, 'plane-2', { internalUrl: 'http://10.0.0.12:8090' })).status).toBe(200)
  expect(await (await plane.get('/planes')).json()).toMatchObject({
    planes: [expect.not.objectContaining({ internalUrl }), { internalUrl: 'http://10.0.0.12:8090' }],
  })
})

test('a plane says where it is in scheme, host and port, and a change is a record', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  for (const internalUrl of ['http://10.0.0.12:8090/', 'http://10.0.0.12:8090', 'https://PLANE.internal', 'http://127.0.0.1:1'])
    expect((await plane.post('/planes', JSON.stringify({ internalUrl }))).status).toBe(204)
  const moves = (await control.client().audit.search({ kind: 'change' })).items.filter(({ method }) => method === 'planes.moved')
  expect(moves.map(({ args }) => (JSON.parse(args ?? '{}') as { detail?: string }).detail)).toEqual([
    'http://127.0.0.1:1, before: https://plane.internal',
    'https://plane.internal, before: http://10.0.0.12:8090',
    'http://10.0.0.12:8090',
  ])
})

test('the roster has the key for sealed tokens of a plane that opens them, and of no other', async () => {
  await using control = await aRunningControlPlane()
  const [older, newer] = [await aPlane(control, 'older'), await aPlane(control, 'newer')]
  const body = (at: number) => JSON.stringify({ internalUrl: `http://10.0.0.${at}:8090` })
  expect((await older.post('/planes', body(1))).status).toBe(204)
  expect((await newer.post('/planes', body(2))).status).toBe(204)
  expect((await newer.post('/planes?opens=sealed', body(2))).status).toBe(204)
  const roster = async () => {
    const { chunks } = await older.manifest()
    const { planes } = PlanesChunk.parse(JSON.parse((await older.chunk(chunks.planes)).bytes.toString()))
    return planes.map(({ publicKey }) => publicKey.sealingKey?.x)
  }
  expect(await roster()).toEqual([undefined, newer.sealingKey.x])
  expect((await newer.post('/planes', body(2))).status).toBe(204)
  expect(await roster()).toEqual([undefined, undefined])
})
