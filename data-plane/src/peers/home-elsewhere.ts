/** Thrown where only another plane can go on: it holds what could not be sealed. No failure, and nothing is recorded of it here: that plane records the call. */
export class ServedByOtherPlane extends Error {
  override readonly name = 'Elsewhere'
  readonly home: string

  constructor(node: string) {
    super(`plane ${node} has to answer this`)
    this.home = node
  }
}
