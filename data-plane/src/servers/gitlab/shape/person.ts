import { z } from 'zod'

/** A person as GitLab shows one in other things, read as `Name (login)`. */
export const Person = z.object({ name: z.string(), username: z.string() }).transform(({ name, username }) => `${name} (${username})`)
