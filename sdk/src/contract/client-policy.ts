import { z } from 'zod'

const name = String.raw`[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*`
const port = String.raw`(?::[1-9]\d{0,4})?`

/** A host in lower case; with a port, only that port. */
const Host = z
  .string()
  .max(261)
  .regex(new RegExp(String.raw`^(?:${name}|\[[0-9a-f:]+\])${port}$`), 'is a host in lower case, with or without a port')

/** A host, or `*.` and the domain above it. */
const HostPattern = z
  .string()
  .max(263)
  .regex(
    new RegExp(String.raw`^(?:\*\.)?${name}${port}$`),
    'is a host in lower case, such as assistant.example.com, or *.example.com for all below it',
  )

const ClientName = z.string().min(1).max(1000)

const fields = {
  /**
   * `off`: no client id metadata document is fetched, and a client id that is a URL is refused. Clients then register
   * themselves.
   */
  metadataDocuments: z.enum(['on', 'off']).optional(),
  /**
   * Hosts whose client id metadata documents may be fetched from private addresses; from this machine itself over
   * `http://` too. Documents elsewhere must be at public addresses.
   */
  metadataHosts: z.array(Host).max(1000).optional(),
  /** `listed`: only the clients of `listed` and `domains`, and those that an administrator created. */
  allow: z.enum(['any', 'listed']).optional(),
  /** Ids of clients. */
  listed: z.array(ClientName).max(10_000).optional(),
  /** Hosts: clients whose metadata document is there, or who receive codes nowhere else. */
  domains: z.array(HostPattern).max(1000).optional(),
  /**
   * Clients that need no consent, because an administrator gives it for everybody: ids, handles of clients that an
   * administrator created, and hosts as in `domains`.
   */
  approved: z.array(ClientName).max(10_000).optional(),
}

/** Which OAuth clients people may use. A member that is absent takes its default: nothing,
 * `metadataDocuments: on` and `allow: any`. */
export const FileClients = z
  .strictObject(fields)
  .refine(({ allow = 'any', listed = [], domains = [] }) => allow === 'listed' || listed.length + domains.length === 0, {
    error: 'listed and domains admit clients only beside allow: listed; without it every client is admitted',
  })

/** The same as it is read from the database, where a later version may have written more. */
export const ClientPolicy = z.object({
  metadataDocuments: z.enum(['on', 'off']).default('on'),
  metadataHosts: z.array(z.string()).default([]),
  allow: z.enum(['any', 'listed']).default('any'),
  listed: z.array(z.string()).default([]),
  domains: z.array(z.string()).default([]),
  approved: z.array(z.string()).default([]),
})
export type ClientPolicy = z.infer<typeof ClientPolicy>
