import { z } from 'zod'

const maxFaults = 20

/**
 * What a schema found wrong, in one line for a person: each fault with its place, such as
 * `id: Invalid UUID; grants[0].level: Invalid option`. The first 20 faults are named, and the others counted.
 */
export function schemaFaults({ issues }: Pick<z.ZodError, 'issues'>): string {
  const named = issues.slice(0, maxFaults).map(({ path, message }) => {
    // A message may hold a name of the input, and that any character.
    const words = message.replaceAll(/\s+/gu, ' ')
    return path.length === 0 ? words : `${z.core.toDotPath(path)}: ${words}`
  })
  const more = issues.length - named.length
  return [...named, ...(more > 0 ? [`and ${more} more`] : [])].join('; ')
}
