import { z } from 'zod'

/** An id. The gateway makes UUIDv7 (RFC 9562), which sort by time; any UUID is accepted. */
export const Id = z.uuid()

/**
 * The name of a person, a group or an identity provider in files,
 * URLs and commands. It is unique among its kind, and lower case.
 */
export const Handle = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._@-]{0,63}$/, 'a handle is 1-64 of a-z 0-9 . _ @ - and starts with a letter or digit')

/** The name of a server. It has no underscore, so that `{server}_{tool}` can be split. The name `t` is reserved. */
export const ServerId = z
  .string()
  .regex(/^[a-z0-9-]{1,32}$/, 'a server id is 1-32 of a-z 0-9 -')
  .refine((id) => id !== 't', 'the server id t is reserved')

/**
 * The name by which the policy speaks of a tool: the server's own, where MCP recommends such names (2025-11-25, Tools,
 * Tool Names). Data planes make one of any other name.
 */
export const ToolName = z
  .string()
  .regex(
    /^[A-Za-z0-9_.-]{1,128}$/,
    'a tool name is 1-128 of A-Z a-z 0-9 _ . - ("bir server definitions" prints the name of a tool whose server names it otherwise)',
  )

/** The claim `jti` or `sid` of a token of the gateway, as the token has it: planes compare it letter by letter. */
export const TokenId = z
  .string()
  .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'must be an id as in a token, such as 01a2237b-7ff3-7093-91e8-aedd233c79cd')

/** The name of a data plane, for people. Several planes may have the same. */
export const PlaneName = z.string().min(1).max(100)

/** The short hash of a definition, made by the control plane with a key of its own: 8 characters of base32. */
export const ShortHash = z.string().regex(/^[a-z2-7]{8}$/, 'a short hash is 8 of a-z 2-7, as "bir server definitions" prints it')

/** A SHA-256 in lower-case hexadecimal. Chunks are named by it. */
export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a hash is 64 of 0-9 a-f')
