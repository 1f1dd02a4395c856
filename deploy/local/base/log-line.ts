import { z } from 'zod'

const Line = z.looseObject({ at: z.string().optional(), level: z.string(), event: z.string() })

/** A line of a part's log as a person reads it: the event, then what is said of it. Other lines stay as they are. */
export function inWords(line: string): string {
  const parsed = Line.safeParse(json(line))
  if (!parsed.success) return line
  const { at: _at, level: _level, event, ...facts } = parsed.data
  const said = Object.entries(facts).map(([name, value]) => (typeof value === 'string' ? value : `${name} ${JSON.stringify(value)}`))
  return [event, ...said].join(': ')
}

function json(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
