import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hintsOf, inferLevel } from '@bir/sdk/contract/infer-level'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { expect, test } from 'vitest'
import { NOTES_KEY_HEADER } from './config.ts'
import { startNotes } from './start-notes.ts'

const key = 'a key of the test alone'

async function aNotesServer(homeDir: string) {
  const notes = await startNotes({ stage: 'local', host: '127.0.0.1', port: 0, homeDir, key })
  const client = new Client({ name: 'test', version: '1' })
  await client.connect(new StreamableHTTPClientTransport(new URL(notes.url), { requestInit: { headers: { [NOTES_KEY_HEADER]: key } } }))
  const call = async (name: string, args: Record<string, unknown> = {}) => JSON.stringify(await client.callTool({ name, arguments: args }))
  return {
    client,
    call,
    url: notes.url,
    async [Symbol.asyncDispose]() {
      await client.close()
      await notes.close()
    },
  }
}

test('the notes have tools of every level, and are kept', async () => {
  const home = mkdtempSync(join(tmpdir(), 'bir-notes-'))
  {
    await using notes = await aNotesServer(home)
    const { tools } = await notes.client.listTools()
    expect(Object.fromEntries(tools.map((tool) => [tool.name, inferLevel(tool.name, hintsOf({ ...tool }))]))).toEqual({
      list_notes: 'read',
      read_note: 'read',
      create_note: 'write',
      update_note: 'write',
      delete_note: 'destroy',
    })
    expect(await notes.call('create_note', { title: 'Audit on Friday', text: 'Bring the list.' })).toContain('Note 4 is there')
    expect(await notes.call('update_note', { id: 4, text: 'Bring two lists.' })).toContain('Bring two lists.')
    expect(await notes.call('delete_note', { id: 3 })).toContain('Note 3 is deleted')
    expect(await notes.call('delete_note', { id: 3 })).toContain('"isError":true')
  }
  await using again = await aNotesServer(home)
  expect(await again.call('list_notes')).toContain('4: Audit on Friday')
  expect(await again.call('read_note', { id: 3 })).toContain('There is no note 3')
  rmSync(home, { recursive: true })
})

test('the notes are for the gateway alone', async () => {
  const home = mkdtempSync(join(tmpdir(), 'bir-notes-'))
  await using notes = await aNotesServer(home)
  for (const headers of [{}, { [NOTES_KEY_HEADER]: 'another' }]) {
    expect((await fetch(notes.url, { method: 'POST', headers, body: '{}' })).status).toBe(401)
  }
  rmSync(home, { recursive: true })
})
