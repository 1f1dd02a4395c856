import { z } from 'zod'

const Line = z.looseObject({ at: z.string().optional(), level: z.string(), event: z.string() })

/** Formats a JSON line of a part's log for a person: the event, then its fields. Other lines stay as they are. */
export function formatLogLine(line: string): string {
  const parsed = Line.safeParse(json(line))
  if (!parsed.success) return line
  const { at: _at, level: _level, event, ...fields } = parsed.data
  const texts = Object.entries(fields).map(([name, value]) => (typeof value === 'string' ? value : `${name} ${JSON.stringify(value)}`))
  return [event, ...texts].join(': ')
}

function json(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
