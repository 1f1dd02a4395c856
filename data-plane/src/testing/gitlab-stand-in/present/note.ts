import { presentUser } from '../world/people.ts'
import type { Note } from '../world/project.ts'
import { timestamp } from '../world/timestamps.ts'

export const presentNote = (note: Note, type: string) => ({
  id: note.id,
  type: note.position ? 'DiffNote' : note.resolvable ? 'DiscussionNote' : null,
  body: note.body,
  author: presentUser(note.author),
  created_at: timestamp(note.createdAt),
  updated_at: timestamp(note.createdAt),
  system: note.system,
  noteable_type: type,
  resolvable: note.resolvable,
  ...(note.resolvable && { resolved: note.resolved, resolved_by: note.resolvedBy ? presentUser(note.resolvedBy) : null }),
  ...(note.position && { position: note.position }),
  confidential: false,
  internal: false,
})
