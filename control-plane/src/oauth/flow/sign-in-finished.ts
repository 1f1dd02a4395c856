import type { InFlow } from './browser.ts'

/** Thrown where somebody comes back to what they have answered in this browser. It is no fault: a page says so. */
export class SignInFinished extends Error {
  override readonly name = 'SignInFinished'
}

/** Lets nobody begin anew, or go on, in a sign-in that is finished. Another browser does not get this far. */
export function checkUnfinished({ signIn }: InFlow): void {
  if (signIn.finished_at !== null) throw new SignInFinished()
}
