import { tellsOfTheft } from '../contract/audit-reasons.ts'
import type { AuditHeader } from '../contract/audit.ts'

type Named = 'subject' | 'handle' | 'client' | 'tokenId' | 'sessionId' | 'reason' | 'method'

/**
 * Whom a refusal is about, and why. A person, a session, a token or a client stands in it only where they are proven: a
 * request that merely names one is a stranger's.
 */
export type About = { readonly [Name in Named]?: AuditHeader[Name] }

/** Whom a bucket counts for: everybody unknown, one holder of something, or several who are known. */
type Whose = 'strangers' | 'one' | 'several'

/** What tells of a theft is counted apart from everything else, so that noise hides no thief. */
export type Kind = 'ordinary' | 'theft'

/** Refusals of one second that are not told apart. */
export interface Bucket {
  readonly key: string
  readonly whose: Whose
  readonly kind: Kind
  /** Whose refusals they are. Undefined: of strangers, or of several. */
  readonly holder: string | undefined
}

/** Buckets in a second, so that memory is bounded. */
const maxBuckets = { ordinary: 1_000, theft: 1_000 }
/** Nobody takes up all buckets, however many tokens they have. */
const maxBucketsPerHolder = { ordinary: 20, theft: 100 }

/** The buckets of one second: of strangers one, of whoever is known one for each reason, method and token. */
export class Buckets {
  private readonly keys = new Set<string>()
  private readonly counts = new Map<string, number>()

  /** The bucket of a refusal. Beyond the bounds a holder has one for everything, or shares one with others. */
  of(about: About): Bucket {
    const { reason, method, sessionId, tokenId } = about
    const kind = tellsOfTheft(reason) ? 'theft' : 'ordinary'
    const holder = holderOf(about)
    if (holder === undefined) return { key: 'strangers', whose: 'strangers', kind, holder }
    const key = [kind, holder, reason, method, sessionId, tokenId].join('\n')
    if (this.keys.has(key)) return { key, whose: 'one', kind, holder }
    if (this.counted(kind) >= maxBuckets[kind]) return { key: 'several', whose: 'several', kind, holder: undefined }
    const ofHolder = `${kind}\n${holder}`
    if (this.counted(ofHolder) >= maxBucketsPerHolder[kind]) return { key: ofHolder, whose: 'one', kind, holder }
    for (const name of [kind, ofHolder]) this.counts.set(name, this.counted(name) + 1)
    this.keys.add(key)
    return { key, whose: 'one', kind, holder }
  }

  private counted(name: string): number {
    return this.counts.get(name) ?? 0
  }
}

/** Who is told apart from others. Undefined for strangers. */
const holderOf = ({ subject, sessionId, tokenId, client }: About) => subject ?? sessionId ?? tokenId ?? client
