/** Thrown where a person must sign in first. */
export class SignInNeeded extends Error {
  override readonly name = 'SignInNeeded'
  /** A page that leads to the sign-in; absent where the sign-in goes on that the request is of. */
  readonly page: string | undefined

  constructor(page?: string) {
    super('somebody must sign in first')
    this.page = page
  }
}
