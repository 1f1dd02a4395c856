import { z } from 'zod'

const isScalar = (value: unknown): value is string | number | boolean | null =>
  value === null || ['string', 'number', 'boolean'].includes(typeof value)

/** The values of $1, $2, … The schema lists the types in `type`, because some clients cannot read a union (`anyOf`). */
export const Params = z
  .array(
    z
      .unknown()
      .refine(isScalar, 'must be a text, number, boolean or null')
      .meta({ type: ['string', 'number', 'boolean', 'null'] }),
  )
  .max(100)
  .default([])
  .describe('Values of $1, $2, … in order; a list as one text: {1,2}')
