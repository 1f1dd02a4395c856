import { McpServer } from '@modelcontextprotocol/server'
import type { CallToolResult } from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { Note, Notebook } from './notebook.ts'

const Title = z.string().min(1).max(100).describe('What the note is about.')
const Text = z.string().max(5_000).describe('What the note says.')
const NoteId = z.int().positive().describe('The number of the note, as list_notes gives it.')

/**
 * The tools of the notebook: two that read, two that write and one that destroys. Their annotations say which, and the
 * gateway takes the levels from these.
 */
export function notesServer(notebook: Notebook): McpServer {
  const server = new McpServer({ name: 'bir-demo-notes', title: 'Notes', version: '1.0.0' })
  server.registerTool(
    'list_notes',
    {
      title: 'List notes',
      description: 'The number and title of every note of the team.',
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    () =>
      textOf(
        notebook
          .list()
          .map(({ id, title }) => `${id}: ${title}`)
          .join('\n') || 'There are no notes.',
      ),
  )
  server.registerTool(
    'read_note',
    {
      title: 'Read a note',
      description: 'The whole text of one note.',
      inputSchema: z.object({ id: NoteId }),
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    ({ id }) => answer(notebook.get(id), id, formatNote),
  )
  server.registerTool(
    'create_note',
    {
      title: 'Create a note',
      description: 'Adds a note that everybody in the team can read.',
      inputSchema: z.object({ title: Title, text: Text }),
      annotations: { readOnlyHint: false, destructiveHint: false, openWorldHint: false },
    },
    ({ title, text }) => {
      const note = notebook.add(title, text)
      return note ? textOf(`Note ${note.id} is there: ${note.title}`) : faultOf('The notebook is full: delete a note first.')
    },
  )
  server.registerTool(
    'update_note',
    {
      title: 'Update a note',
      description: 'Changes the title or the text of a note. What is absent stays.',
      inputSchema: z.object({ id: NoteId, title: Title.optional(), text: Text.optional() }),
      annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
    },
    ({ id, title, text }) => answer(notebook.change(id, { title, text }), id, formatNote),
  )
  server.registerTool(
    'delete_note',
    {
      title: 'Delete a note',
      description: 'Deletes a note for everybody. It cannot be brought back.',
      inputSchema: z.object({ id: NoteId }),
      annotations: { readOnlyHint: false, destructiveHint: true, openWorldHint: false },
    },
    ({ id }) => answer(notebook.delete(id), id, ({ title }) => `Note ${id} is deleted: ${title}`),
  )
  return server
}

const textOf = (text: string): CallToolResult => ({ content: [{ type: 'text', text }] })
const faultOf = (text: string): CallToolResult => ({ ...textOf(text), isError: true })
const formatNote = ({ id, title, text }: Note) => `${id}: ${title}\n\n${text}`

const answer = (note: Note | undefined, id: number, format: (note: Note) => string): CallToolResult =>
  note ? textOf(format(note)) : faultOf(`There is no note ${id}: list_notes says which there are.`)
