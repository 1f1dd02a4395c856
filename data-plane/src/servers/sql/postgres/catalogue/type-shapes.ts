import type { Shape } from '../../guard/resolve/tables.ts'

const idsOf = (text: string): ReadonlySet<number> => new Set(text.split(/\s+/).map(Number))

/*
 * Ids of PostgreSQL's own types (pg_type.dat), which never change. To read pg_type with each statement would cost more
 * than the guard itself. Of other types nothing is known.
 */
const tsvectorId = 3614
/** Base types and ranges, from bool to tstzrange. */
const scalarIds = idsOf(`16 17 18 19 20 21 23 25 26 114 142 600 601 602 603 604 628 650 700 701 718 774 790 829 869 1042 1043 1082 1083 1114
  1184 1186 1266 1560 1562 1700 2950 3615 3802 3904 3906 3908 3910 3912 3926 4072`)
/** Arrays of these, from bool[] to tstzrange[], and multiranges, of which `unnest` makes one column too. */
const arrayIds =
  idsOf(`143 199 629 651 719 775 791 1000 1001 1002 1003 1005 1007 1009 1014 1015 1016 1017 1018 1019 1020 1021 1022 1027 1028
  1040 1041 1115 1182 1183 1185 1187 1231 1270 1561 1563 2951 3643 3645 3807 3905 3907 3909 3911 3913 3927 4073 4451 4532 4533 4534 4535 4536`)
/** json, xml and the geometric types have no equality. */
const ungroupableIds = idsOf('114 142 600 601 602 603 604 628')

/** What a value of the type is made of, by the type's id. */
export function shapeOfType(id: number): Shape {
  if (id === tsvectorId) return 'tsvector'
  if (scalarIds.has(id)) return 'scalar'
  return arrayIds.has(id) ? 'scalars' : 'unknown'
}

export const isGroupableType = (id: number): boolean => !ungroupableIds.has(id)
