import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { z } from 'zod'

const Note = z.object({ id: z.int().positive(), title: z.string(), text: z.string() })
export type Note = z.infer<typeof Note>
const Stored = z.object({ lastId: z.int(), notes: z.array(Note) })

/** More would only fill the disk: this is a demo. */
const maxNotes = 200

const firstNotes: Note[] = [
  { id: 1, title: 'Month-end close', text: 'Accounts are frozen on the last working day at 18:00. Ask finance before you reopen one.' },
  {
    id: 2,
    title: 'On call this week',
    text: 'Cards: Leyla. Transfers: Rauf. Call the duty manager if neither answers within ten minutes.',
  },
  { id: 3, title: 'Old branch list', text: 'The list of 2019. It can be deleted.' },
]

/** A notebook that all people of the demo share. It is kept in one file. */
export class Notebook {
  private readonly file: string
  private readonly notes: Map<number, Note>
  private lastId: number

  constructor(file: string) {
    this.file = file
    const { lastId, notes } = existsSync(file) ? Stored.parse(JSON.parse(readFileSync(file, 'utf8'))) : { lastId: 3, notes: firstNotes }
    this.notes = new Map(notes.map((note) => [note.id, note]))
    this.lastId = lastId
  }

  list(): Note[] {
    return [...this.notes.values()]
  }

  get(id: number): Note | undefined {
    return this.notes.get(id)
  }

  /** Undefined when the notebook is full. */
  add(title: string, text: string): Note | undefined {
    if (this.notes.size >= maxNotes) return undefined
    const note = { id: ++this.lastId, title, text }
    this.notes.set(note.id, note)
    this.save()
    return note
  }

  /** Undefined when there is no such note. */
  change(id: number, changes: { title?: string | undefined; text?: string | undefined }): Note | undefined {
    const note = this.notes.get(id)
    if (!note) return undefined
    const changed = { ...note, title: changes.title ?? note.title, text: changes.text ?? note.text }
    this.notes.set(id, changed)
    this.save()
    return changed
  }

  /** Undefined when there is no such note. */
  delete(id: number): Note | undefined {
    const note = this.notes.get(id)
    this.notes.delete(id)
    if (note) this.save()
    return note
  }

  private save(): void {
    writeFileSync(`${this.file}.new`, JSON.stringify({ lastId: this.lastId, notes: this.list() }), { mode: 0o600 })
    renameSync(`${this.file}.new`, this.file)
  }
}
