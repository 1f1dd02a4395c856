/** What the control plane's own chain keeps of a plane that joined, so that an exchanged plane or key is noticed. */
export interface JoinedPlane {
  name: string
  id: string
  /** The thumbprint (RFC 7638) of the key that signs the plane's chain. */
  thumbprint: string
}

/**
 * The `detail` of a `planes.join` record. It stands in the header, because the chain covers a header for good, and
 * a body may be erased.
 */
export const joinedPlaneText = ({ name, id, thumbprint }: JoinedPlane): string => `${name} (id ${id}, key ${thumbprint})`

const form = /^(.*) \(id ([0-9a-f-]{36}), key ([\w-]{43})\)$/s

/** Undefined when the record is of the time before keys were recorded: its `detail` is the name alone. */
export function readJoinedPlane(detail: string): JoinedPlane | undefined {
  const [, name, id, thumbprint] = form.exec(detail) ?? []
  return name !== undefined && id !== undefined && thumbprint !== undefined ? { name, id, thumbprint } : undefined
}
