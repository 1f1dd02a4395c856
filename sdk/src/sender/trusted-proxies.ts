import { z } from 'zod'
import { readNetworks } from './network.ts'
import type { IsInside } from './network.ts'

/**
 * The setting TRUSTED_PROXIES: which addresses are proxies of ours, so that what they say of the client is believed.
 * Networks, addresses, `loopback` and `private`, separated by commas. None unless set.
 */
export const TrustedProxies = z
  .string()
  .default('')
  .transform((text, context): IsInside => {
    const networks = readNetworks(text.split(',').flatMap((item) => item.trim() || []))
    if (networks.fault === undefined) return networks.isInside
    context.addIssue(`must be networks such as 10.0.0.0/8, addresses, loopback or private, separated by commas; ${networks.fault} is none`)
    return z.NEVER
  })

/** The setting FORWARDED_HEADER: the header in which these proxies say who the client is. No other is read. */
export const ForwardedHeaderName = z
  .string()
  .default('x-forwarded-for')
  .transform((name) => name.toLowerCase())
  .pipe(z.enum(['x-forwarded-for', 'forwarded']))
