import { z } from 'zod'
import { Line } from './text.ts'

/** A person as GitLab shows one in other things, read as `Name (login)`. */
export const Person = z.object({ name: Line, username: z.string() }).transform(({ name, username }) => `${name} (${username})`)
