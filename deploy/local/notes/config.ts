import { LOOPBACK_HOST, LOOPBACK_HOSTS } from '@bir/sdk/contract/loopback'
import { z } from 'zod'
import { readConfig } from '../base/read-config.ts'

export const NOTES_KEY_HEADER = 'x-notes-key'

const Config = z.object({
  stage: z.literal('local', 'the demo server runs in stage local alone'),
  host: z.enum(LOOPBACK_HOSTS, 'the demo server listens on loopback alone').default(LOOPBACK_HOST),
  port: z.coerce.number().int().min(0).max(65_535).default(0),
  /** The folder of the notes. */
  homeDir: z.string().min(1),
  /** What the gateway has to send in the header `NOTES_KEY_HEADER`. */
  key: z.string().min(16),
})
export type NotesConfig = z.infer<typeof Config>

export const readNotesConfig = (env: Record<string, string | undefined> = process.env): NotesConfig => readConfig(Config, env)
