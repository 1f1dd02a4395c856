import { z } from 'zod'

/** Who acts with a token in place of its person, and below it who acted before (RFC 8693, section 4.1). */
export interface Act {
  sub: string
  act?: Act | undefined
}

export const Act: z.ZodType<Act> = z.object({
  sub: z.string(),
  get act() {
    return Act.optional()
  },
})

/** How many hands a token went through. */
export const actDepth = (act: Act | undefined): number => (act ? 1 + actDepth(act.act) : 0)
