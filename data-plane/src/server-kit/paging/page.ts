/** A page of a list as a service gave it. */
export interface ServicePage<Item> {
  readonly items: readonly Item[]
  /** The service says that there is more. */
  readonly hasNext: boolean
  /** How many the whole list has, where the service counts. */
  readonly total?: number | undefined
}

/**
 * A page of a walk. `next` is the place where it goes on; undefined only where the service said that there is no more.
 */
export interface WalkedPage<Item, Place> {
  readonly items: Item[]
  readonly next: Place | undefined
  readonly total?: number | undefined
}

/** The most pages of a service that one call reads. Then the call ends with what it has, and the cursor goes on. */
export const MAX_READS = 20
