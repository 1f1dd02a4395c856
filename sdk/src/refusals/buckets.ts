import { tellsOfTheft } from '../contract/audit-reasons.ts'
import type { AuditHeader } from '../contract/audit.ts'

type Named = 'subject' | 'handle' | 'client' | 'tokenId' | 'sessionId' | 'reason' | 'method'

/**
 * Whom a refusal is about, and why. A person, a session, a token or a client stands in it only where they are proven: a
 * request that merely names one is a stranger's.
 */
export type About = { readonly [Name in Named]?: AuditHeader[Name] }

/** Whom a bucket counts for: everybody unknown, one holder of something, or several who are known. */
export type Whose = 'strangers' | 'one' | 'several'

/** Refusals of one second that are not told apart. */
export interface Bucket {
  readonly key: string
  readonly whose: Whose
  /** So many have a record of their own. */
  readonly maxRecords: number
  /** How many came, those with a record of their own included. */
  seen: number
}

/** Strangers are not told apart: an attacker has many addresses. Enough of them are recorded to see what they try. */
const manyRecords = 50

/** Buckets in a second, so that memory is bounded. What tells of a theft has its own: noise hides no thief. */
const maxBuckets = { ordinary: 1_000, theft: 1_000 }
/** Nobody takes up all buckets, however many tokens they have. */
const maxBucketsPerHolder = { ordinary: 20, theft: 100 }

/** The buckets of one second: of strangers one, of whoever is known one for each reason, method and token. */
export class Buckets {
  private readonly buckets = new Map<string, Bucket>()
  private readonly counts = new Map<string, number>()
  private readonly ofHolder: number

  /** `ofHolder`: how many refusals of one bucket of somebody known have records of their own. */
  constructor(ofHolder: number) {
    this.ofHolder = ofHolder
  }

  /** The bucket of a refusal. Beyond the bounds a holder has one for everything, or shares one with others. */
  of(about: About): Bucket {
    const holder = holderOf(about)
    if (holder === undefined) return this.bucket('strangers', 'strangers', manyRecords)
    const { reason, method, sessionId, tokenId } = about
    const kind = tellsOfTheft(reason) ? 'theft' : 'ordinary'
    const key = [kind, holder, reason, method, sessionId, tokenId].join('\n')
    if (this.buckets.has(key)) return this.bucket(key, 'one', this.ofHolder)
    if (this.counted(kind) >= maxBuckets[kind]) return this.bucket('several', 'several', manyRecords)
    const ofHolder = `${kind}\n${holder}`
    if (this.counted(ofHolder) >= maxBucketsPerHolder[kind]) return this.bucket(ofHolder, 'one', this.ofHolder)
    for (const name of [kind, ofHolder]) this.counts.set(name, this.counted(name) + 1)
    return this.bucket(key, 'one', this.ofHolder)
  }

  private counted(name: string): number {
    return this.counts.get(name) ?? 0
  }

  private bucket(key: string, whose: Whose, maxRecords: number): Bucket {
    let bucket = this.buckets.get(key)
    if (!bucket) this.buckets.set(key, (bucket = { key, whose, maxRecords, seen: 0 }))
    return bucket
  }
}

/** Who is told apart from others. Undefined for strangers. */
const holderOf = ({ subject, sessionId, tokenId, client }: About) => subject ?? sessionId ?? tokenId ?? client
