import { z } from 'zod'

const scalar = (value: unknown): value is string | number | boolean | null =>
  value === null || ['string', 'number', 'boolean'].includes(typeof value)

/** Bind parameters. The entry names the types plainly: not every client reads a union. */
export const Params = z
  .array(
    z
      .unknown()
      .refine(scalar, 'a text, number, boolean or null')
      .meta({ type: ['string', 'number', 'boolean', 'null'] }),
  )
  .max(100)
  .default([])
  .describe('Values of $1, $2, … in order; a list as one text: {1,2}')
