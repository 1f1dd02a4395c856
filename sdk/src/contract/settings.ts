import { z } from 'zod'

const minuteMs = 60_000

/** What an administrator may change while everything runs. It travels in the snapshot. */
export const Settings = z.strictObject({
  /** Calls a person may make per second, sustained. */
  ratePerSecond: z.number().positive().max(100_000).default(60),
  /** Calls a person may make at once before the rate applies. */
  rateBurst: z.int().positive().max(1_000_000).default(300),
  /** The longest a call may take before it is given up. */
  callTimeoutMs: z.int().min(100).max(3_600_000).default(30_000),
  /** A legacy session that was not used for so long is over. */
  sessionIdleMs: z
    .int()
    .min(minuteMs)
    .max(24 * 60 * minuteMs)
    .default(60 * minuteMs),
  /** Text of an answer beyond this many characters is cut. */
  truncateChars: z.int().min(1_000).max(10_000_000).default(100_000),
  /** How old a policy may be, with the control plane silent, before reading is refused. */
  staleReadMs: z
    .int()
    .min(0)
    .default(3 * 24 * 60 * minuteMs),
  /** The same for writing. */
  staleWriteMs: z
    .int()
    .min(0)
    .default(4 * 60 * minuteMs),
  /** The same for destroying. */
  staleDestroyMs: z
    .int()
    .min(0)
    .default(15 * minuteMs),
  /** `strict` syncs every audit record to disk before its answer leaves; `default` syncs writes and lets reads follow within 50 ms. */
  auditDurability: z.enum(['default', 'strict']).default('default'),
})
export type Settings = z.infer<typeof Settings>

const { shape } = Settings

/** Only what is to change. (`Settings.partial()` would fill in the defaults of all that is left out.) */
export const SettingsPatch = z.strictObject({
  ratePerSecond: shape.ratePerSecond.unwrap().optional(),
  rateBurst: shape.rateBurst.unwrap().optional(),
  callTimeoutMs: shape.callTimeoutMs.unwrap().optional(),
  sessionIdleMs: shape.sessionIdleMs.unwrap().optional(),
  truncateChars: shape.truncateChars.unwrap().optional(),
  staleReadMs: shape.staleReadMs.unwrap().optional(),
  staleWriteMs: shape.staleWriteMs.unwrap().optional(),
  staleDestroyMs: shape.staleDestroyMs.unwrap().optional(),
  auditDurability: shape.auditDurability.unwrap().optional(),
})
