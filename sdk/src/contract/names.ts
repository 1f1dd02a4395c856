import { z } from 'zod'

/** Ids are UUIDv7: time-ordered, so they index well and never repeat. */
export const Id = z.uuid()

/** A person's or group's name in files, URLs and commands: unique, lower case. */
export const Handle = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._@-]{0,63}$/, 'a handle is 1-64 of a-z 0-9 . _ @ - and starts with a letter or digit')

/** A server's name. It has no underscore, so that `{server}_{tool}` can be taken apart; `t` is reserved. */
export const ServerId = z
  .string()
  .regex(/^[a-z0-9-]{1,32}$/, 'a server id is 1-32 of a-z 0-9 -')
  .refine((id) => id !== 't', 'the server id t is reserved')

/** The name of a tool as its server gives it (MCP 2025-11-25, tool names). */
export const ToolName = z.string().regex(/^[A-Za-z0-9_.-]{1,128}$/, 'a tool name is 1-128 of A-Z a-z 0-9 _ . -')

/** A SHA-256 in lower-case hexadecimal: the name of a chunk. */
export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/)
