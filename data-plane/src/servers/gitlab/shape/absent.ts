import { z } from 'zod'

/** A member that GitLab may leave out or leave null. It is then absent. */
export const absent = <Type extends z.ZodType>(type: Type) => type.nullish().transform((value) => value ?? undefined)

/** The same for a list that may be empty. */
export const absentList = <Item extends z.ZodType>(item: Item) =>
  z
    .array(item)
    .nullish()
    .transform((items) => (items && items.length > 0 ? items : undefined))

/** True, or absent. */
export const flag = z
  .boolean()
  .nullish()
  .transform((value) => value === true || undefined)
