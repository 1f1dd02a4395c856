/** Thrown where a person must sign in first. */
export class SignInNeeded extends Error {
  override readonly name = 'SignInNeeded'
  /** A page that leads to the sign-in; absent where the sign-in goes on that the request is of. */
  readonly page: string | undefined

  /** A session that has ended while a page of it was open. */
  readonly over: { sid: string; user: { id: string; handle: string } } | undefined

  constructor(page?: string, over?: SignInNeeded['over']) {
    super('somebody must sign in first')
    this.page = page
    this.over = over
  }
}
