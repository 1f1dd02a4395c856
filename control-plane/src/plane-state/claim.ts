/** The newest revision. */
export interface Published {
  revision: number
  root: string
  /** Undefined where a control plane of an earlier version published it. */
  history?: string | undefined
}

/** What a plane says that it holds. Planes of earlier versions say the number alone; 0 is for nothing. */
export interface Claim {
  revision: number
  history?: string | undefined
  root?: string | undefined
}

/** No plane is further ahead than this. (A number that a plane makes up must not use up all that there are.) */
const maxAhead = 1_000_000_000

/**
 * What a plane's claim says about the database: `current`, that it has everything that was published; `set back`, that
 * a policy was published which it does not have; `absurd`, nothing.
 */
export function judgeClaim(claim: Claim, newest: Published): 'current' | 'set back' | 'absurd' {
  if (claim.revision - newest.revision > maxAhead) return 'absurd'
  if (claim.revision > newest.revision) return 'set back'
  if (claim.revision < newest.revision) return 'current' // it gets the newest one, whatever it holds
  return isSamePolicy(claim, newest) ? 'current' : 'set back'
}

/** Whether two policies with the same number are one, as far as both sides say. */
export const isSamePolicy = (claim: Omit<Claim, 'revision'>, { root, history }: Omit<Published, 'revision'>): boolean =>
  (claim.root === undefined || claim.root === root) && (claim.history === undefined || history === undefined || claim.history === history)
