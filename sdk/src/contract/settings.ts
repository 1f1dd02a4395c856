import { z } from 'zod'

const minuteMs = 60_000

/** What a call must share with the request for its token: the program, the network, or both. */
export const BindingMode = z.enum(['off', 'user-agent', 'ip', 'both'])
export type BindingMode = z.infer<typeof BindingMode>

/** The shortest and longest prefix that `BindingNetwork` allows. */
export const PREFIX_BITS = { ipv4: { min: 8, max: 32 }, ipv6: { min: 16, max: 128 } } as const

/** How many leading bits of an address are the network that a token is bound to (CIDR, RFC 4632, RFC 4291 §2.3). */
export const BindingNetwork = z.object({
  ipv4: z.int().min(PREFIX_BITS.ipv4.min).max(PREFIX_BITS.ipv4.max).default(24),
  ipv6: z.int().min(PREFIX_BITS.ipv6.min).max(PREFIX_BITS.ipv6.max).default(56),
})

/** As somebody writes it. */
export const GivenBindingNetwork = BindingNetwork.strict()

/**
 * Settings that an administrator can change while the gateway runs. The snapshot carries them to every data plane. A
 * reader leaves out settings that it does not know; who writes them is held to `SettingsPatch`.
 */
export const Settings = z.object({
  /** The calls per second that a person may make over time. */
  ratePerSecond: z.number().positive().max(100_000).default(60),
  /** The calls that a person may make at once, before `ratePerSecond` applies. */
  rateBurst: z.int().positive().max(1_000_000).default(300),
  /** The calls of a person that may be under way at the same time, at one data plane. */
  callsAtOnce: z.int().positive().max(1_000_000).default(64),
  /** The streams of a person that may be open at the same time, at one data plane. */
  streamsAtOnce: z.int().positive().max(1_000_000).default(100),
  /** The longest time that a call may take. */
  callTimeoutMs: z.int().min(100).max(3_600_000).default(30_000),
  /** A legacy session ends when it was not used for this time. */
  sessionIdleMs: z
    .int()
    .min(minuteMs)
    .max(24 * 60 * minuteMs)
    .default(60 * minuteMs),
  /** Longer texts in an answer are cut to this many characters. */
  truncateChars: z.int().min(1_000).max(10_000_000).default(100_000),
  /** Calls that read are refused once the control plane's last confirmation of the policy is older than this. */
  staleReadMs: z
    .int()
    .min(0)
    .default(3 * 24 * 60 * minuteMs),
  /** The same for calls that write. */
  staleWriteMs: z
    .int()
    .min(0)
    .default(4 * 60 * minuteMs),
  /** The same for calls that destroy. */
  staleDestroyMs: z
    .int()
    .min(0)
    .default(15 * minuteMs),
  /**
   * `strict` writes every audit record to the disk before the answer is sent. `default` does so for calls that write
   * or destroy; the records of reading calls follow within 50 ms.
   */
  auditDurability: z.enum(['default', 'strict']).default('default'),
  /** What a call must share with the request for its token. A call that does not is refused (docs/binding.md). */
  binding: BindingMode.default('off'),
  bindingNetwork: BindingNetwork.default({ ipv4: 24, ipv6: 56 }),
  /** `on`: such a call also ends the session of its token, so that every token of it is void. */
  bindingRevokes: z.enum(['off', 'on']).default('off'),
  /**
   * While the control plane cannot be reached, a token that a data plane accepted before stays good there for so long
   * after its end, for reading alone; never longer than `staleReadMs`. 0: never.
   */
  offlineReadMs: z
    .int()
    .min(0)
    .max(7 * 24 * 60 * minuteMs)
    .default(60 * minuteMs),
  /** A data plane reads a secret that it uses from its store again when it was read so long ago. */
  secretCacheMs: z
    .int()
    .min(1000)
    .max(60 * minuteMs)
    .default(minuteMs),
  /**
   * While the store does not answer, a data plane goes on with a secret for so long after it read it last. Then calls
   * that need it are refused. 0: no secret is used that was not read just now.
   */
  secretLeaseMs: z
    .int()
    .min(0)
    .max(24 * 60 * minuteMs)
    .default(15 * minuteMs),
})
export type Settings = z.infer<typeof Settings>

/**
 * Settings that came while data planes refused every setting that they did not know. These are published only where
 * they differ from their default: then a plane of that time serves on. Settings that come now need no line here,
 * unless they have a word in `needs.ts`: planes that lack the word must still get every policy that does not use it.
 */
const laterSettings: readonly (keyof Settings)[] = ['callsAtOnce', 'streamsAtOnce', 'binding']

/** The settings as they are published to data planes of any version. */
export function publishedSettings(settings: Settings): Partial<Settings> {
  const defaults = Settings.parse({})
  const isLeftOut = (key: string) => laterSettings.some((later) => later === key && settings[later] === defaults[later])
  return Object.fromEntries(Object.entries(settings).filter(([key]) => !isLeftOut(key)))
}

const { shape } = Settings

const dayMs = 24 * 60 * minuteMs

/** How long people stay signed in. A replica of before leaves out what it does not know. */
export const SessionSettings = z.object({
  /**
   * A session ends when it was not used for this time: no page was opened in the browser, and the client asked for no
   * new access token.
   */
  idleMs: z
    .int()
    .min(minuteMs)
    .max(365 * dayMs)
    .default(3 * dayMs),
  /** A session ends at the latest after this time; then the person signs in again. */
  maxMs: z
    .int()
    .min(minuteMs)
    .max(365 * dayMs)
    .default(30 * dayMs),
  /**
   * Whether a browser keeps its session, and the consent that was given in it, after it was closed. ask: the person
   * chooses.
   */
  remember: z.enum(['off', 'ask', 'on']).default('ask'),
})
export type SessionSettings = z.infer<typeof SessionSettings>

/** All settings: those that planes get, and those of the control plane alone, which no snapshot carries. */
export const GatewaySettings = Settings.extend({
  session: SessionSettings.prefault({}),
  /** How often a stored secret is tried again against its service, a tenth earlier or later. 0: never. */
  secretCheckEveryMs: z
    .int()
    .min(0)
    .max(365 * dayMs)
    .refine((ms) => ms === 0 || ms >= minuteMs, 'must be 0 or at least 60000')
    .default(dayMs),
})
export type GatewaySettings = z.infer<typeof GatewaySettings>

const { idleMs, maxMs, remember } = SessionSettings.shape
const { secretCheckEveryMs } = GatewaySettings.shape

/** The settings to change. Not `Settings.partial()`, which would set every absent setting to its default. */
export const SettingsPatch = z.strictObject({
  ratePerSecond: shape.ratePerSecond.unwrap().optional(),
  rateBurst: shape.rateBurst.unwrap().optional(),
  callsAtOnce: shape.callsAtOnce.unwrap().optional(),
  streamsAtOnce: shape.streamsAtOnce.unwrap().optional(),
  callTimeoutMs: shape.callTimeoutMs.unwrap().optional(),
  sessionIdleMs: shape.sessionIdleMs.unwrap().optional(),
  truncateChars: shape.truncateChars.unwrap().optional(),
  staleReadMs: shape.staleReadMs.unwrap().optional(),
  staleWriteMs: shape.staleWriteMs.unwrap().optional(),
  staleDestroyMs: shape.staleDestroyMs.unwrap().optional(),
  auditDurability: shape.auditDurability.unwrap().optional(),
  /** The parts that are present are changed, and the others stay. */
  session: z
    .strictObject({ idleMs: idleMs.unwrap().optional(), maxMs: maxMs.unwrap().optional(), remember: remember.unwrap().optional() })
    .optional(),
  binding: shape.binding.unwrap().optional(),
  bindingNetwork: GivenBindingNetwork.optional(),
  bindingRevokes: shape.bindingRevokes.unwrap().optional(),
  offlineReadMs: shape.offlineReadMs.unwrap().optional(),
  secretCacheMs: shape.secretCacheMs.unwrap().optional(),
  secretLeaseMs: shape.secretLeaseMs.unwrap().optional(),
  secretCheckEveryMs: secretCheckEveryMs.unwrap().optional(),
})
