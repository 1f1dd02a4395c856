/**
 * Thrown when only another plane can answer, because it holds state that a session id cannot carry.
 * This is no failure. The other plane records the call, so this one records nothing.
 */
export class ServedByOtherPlane extends Error {
  override readonly name = 'ServedByOtherPlane'
  readonly home: string

  constructor(node: string) {
    super(`plane ${node} has to answer this`)
    this.home = node
  }
}
