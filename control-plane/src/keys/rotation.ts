/* When keys are made and deleted. Pure functions: they take keys and the time, and return what to do. */

export const DAY_MS = 24 * 60 * 60_000

/** The maximum life of an access token. Only the operator in stage local may ask for so much. */
export const MAX_TOKEN_LIFE_MS = 30 * DAY_MS
const tokenKeyLifeMs = 30 * DAY_MS

const sealingKeyLifeMs = DAY_MS
/**
 * How long a key is published before it is used. Planes fetch the keys at least hourly, so every plane has it by
 * then.
 */
const sealingLeadMs = 2 * 60 * 60_000
const sealingRingSize = 8

export interface KeyDates {
  kid: string
  activeAt: Date
}

export interface Rotation {
  /** The keys to make: for each one, the time from which it is used. */
  make: Date[]
  /** The `kid`s of the keys to delete. */
  drop: string[]
}

/** The key in use: the latest one whose `activeAt` has passed. */
export function currentOf<T extends KeyDates>(keys: readonly T[], nowMs: number): T | undefined {
  return newestFirst(keys).find(({ activeAt }) => activeAt.getTime() <= nowMs)
}

/** Keeps one key in use and one published ahead. An old key stays until the last token that it signed has expired. */
export function rotateTokenKeys(keys: readonly KeyDates[], nowMs: number): Rotation {
  const make: Date[] = []
  if (!currentOf(keys, nowMs)) make.push(new Date(nowMs))
  if (!keys.some(({ activeAt }) => activeAt.getTime() > nowMs)) make.push(new Date(nowMs + tokenKeyLifeMs))

  const past = newestFirst(keys).filter(({ activeAt }) => activeAt.getTime() <= nowMs)
  const replacedAtMs = (at: number) => past[at - 1]?.activeAt.getTime() ?? Infinity
  const drop = past.filter((_, at) => replacedAtMs(at) + MAX_TOKEN_LIFE_MS + DAY_MS < nowMs)
  return { make, drop: drop.map(({ kid }) => kid) }
}

/** Makes a new key each day, published before its use. The last 8 keys stay, to open what they have sealed. */
export function rotateSealingKeys(keys: readonly KeyDates[], nowMs: number): Rotation {
  const sorted = newestFirst(keys)
  const newestMs = sorted[0]?.activeAt.getTime()
  if (newestMs === undefined) return { make: [new Date(nowMs)], drop: [] }
  if (newestMs + sealingKeyLifeMs > nowMs + sealingLeadMs) return { make: [], drop: [] }
  return { make: [new Date(nowMs + sealingLeadMs)], drop: sorted.slice(sealingRingSize - 1).map(({ kid }) => kid) }
}

const newestFirst = <T extends KeyDates>(keys: readonly T[]) => [...keys].sort((a, b) => b.activeAt.getTime() - a.activeAt.getTime())
