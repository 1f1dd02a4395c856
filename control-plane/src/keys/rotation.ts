/** When keys come and go. Pure: rows and a clock in, what to do out. */

export const DAY_MS = 24 * 60 * 60_000

/** The longest an access token may live: the operator's, in stage local. */
export const MAX_TOKEN_LIFE_MS = 30 * DAY_MS
const tokenKeyLifeMs = 30 * DAY_MS

const sealingKeyLifeMs = DAY_MS
/** Planes ask at least hourly: by the time a key is used, every plane has it. */
const sealingLeadMs = 2 * 60 * 60_000
const sealingRingSize = 8

export interface Dated {
  kid: string
  activeAt: Date
}

export interface Rotation {
  /** From when each key to be made is used. */
  make: Date[]
  /** Keys whose time is over. */
  drop: string[]
}

/** The one in use: the latest whose time has come. */
export function currentOf<T extends Dated>(keys: readonly T[], nowMs: number): T | undefined {
  return newestFirst(keys).find(({ activeAt }) => activeAt.getTime() <= nowMs)
}

/** One in use and one published ahead; what was in use before stays until the last token it signed has expired. */
export function rotateTokenKeys(keys: readonly Dated[], nowMs: number): Rotation {
  const make: Date[] = []
  if (!currentOf(keys, nowMs)) make.push(new Date(nowMs))
  if (!keys.some(({ activeAt }) => activeAt.getTime() > nowMs)) make.push(new Date(nowMs + tokenKeyLifeMs))

  const past = newestFirst(keys).filter(({ activeAt }) => activeAt.getTime() <= nowMs)
  const replacedAtMs = (at: number) => past[at - 1]?.activeAt.getTime() ?? Infinity
  const drop = past.filter((_, at) => replacedAtMs(at) + MAX_TOKEN_LIFE_MS + DAY_MS < nowMs)
  return { make, drop: drop.map(({ kid }) => kid) }
}

/** A new one a day, known ahead of its use; the last 8 open what they sealed. */
export function rotateSealingKeys(keys: readonly Dated[], nowMs: number): Rotation {
  const sorted = newestFirst(keys)
  const newestMs = sorted[0]?.activeAt.getTime()
  if (newestMs === undefined) return { make: [new Date(nowMs)], drop: [] }
  if (newestMs + sealingKeyLifeMs > nowMs + sealingLeadMs) return { make: [], drop: [] }
  return { make: [new Date(nowMs + sealingLeadMs)], drop: sorted.slice(sealingRingSize - 1).map(({ kid }) => kid) }
}

const newestFirst = <T extends Dated>(keys: readonly T[]) => [...keys].sort((a, b) => b.activeAt.getTime() - a.activeAt.getTime())
