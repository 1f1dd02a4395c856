import { columnFate, isDenied, isNamedExactly } from '@bir/sdk/contract/tables'
import type { ColumnFate, TableId, TableRules } from '@bir/sdk/contract/tables'
import type { FieldDef, PoolClient } from 'pg'
import { stricterFate } from '../../guard/resolve/tables.ts'
import { closeGeneratedColumns } from './generated-columns.ts'
import { describeStatement } from '../session/describe-statement.ts'

const maxDepth = 16

interface RelationRow extends TableId {
  oid: number
  /** The text of a view's query. */
  definition: string | null
  columns: { number: number; name: string }[]
  /** The tables it is a partition of or inherits from, and its own partitions and heirs. */
  relatives: TableId[]
  /** Every column that a view's query names, by the id of its table. Zero: the table, and maybe no column. */
  uses: { oid: number; number: number }[]
  /** A view's query calls functions or operators that are neither PostgreSQL's nor an extension's. */
  callsOwnFunctions: boolean
}

/** The fate of each column of a relation, by attribute number. */
type Fates = ReadonlyMap<number, ColumnFate>

/**
 * The fate that the columns of a view have from the tables behind it. A column that comes straight from a hidden or
 * masked one is closed as that one is. Columns of denied tables, and what a view computes out of closed columns, are
 * hidden, unless a rule allows the view by its very name: then the administrator has decided to open them.
 */
export async function viewColumnFates(client: PoolClient, rules: TableRules, oid: number): Promise<Fates> {
  return new OriginReader(client, rules).fatesOf(oid, false, 0)
}

class OriginReader {
  private readonly client: PoolClient
  private readonly rules: TableRules
  private readonly relations = new Map<number, RelationRow>()
  /** A relation may stand behind a view on many ways; it is read once. */
  private readonly knownFates = new Map<string, Promise<Fates>>()

  constructor(client: PoolClient, rules: TableRules) {
    this.client = client
    this.rules = rules
  }

  /** `isOpened`: a view around this relation is allowed by its very name, so a deny of this one does not count. */
  fatesOf(oid: number, isOpened: boolean, depth: number): Promise<Fates> {
    const key = `${oid} ${isOpened}`
    const fates = this.knownFates.get(key) ?? this.readFates(oid, isOpened, depth)
    this.knownFates.set(key, fates)
    return fates
  }

  private async readFates(oid: number, isOpened: boolean, depth: number): Promise<Fates> {
    const relation = await this.read(oid)
    if (!relation) return new Map()
    if (depth > maxDepth) return new Map(relation.columns.map(({ number }) => [number, 'hidden']))
    const ownFates = new Map(relation.columns.map(({ number, name }) => [number, this.ruledFate(relation, name, isOpened)]))
    if (relation.definition === null) return closeGeneratedColumns(this.client, oid, ownFates)
    const origins = await this.origins(relation, relation.definition)
    const opensDenied = isOpened || isNamedExactly(this.rules, relation)
    const baseFates = new Map<number, Fates>()
    const baseOids = new Set([...relation.uses.map((use) => use.oid), ...(origins ?? []).map(({ tableID }) => tableID)])
    for (const baseOid of baseOids) if (baseOid !== 0) baseFates.set(baseOid, await this.fatesOf(baseOid, opensDenied, depth + 1))
    // Where nobody can tell what is computed, a column may come straight from a closed one.
    const isOpenedForSure = opensDenied && origins !== undefined
    const fateOfComputed = isOpenedForSure ? 'plain' : this.computedFate(relation, baseFates, opensDenied)
    return new Map(
      relation.columns.map(({ number }, index) => {
        const origin = origins?.[index]
        const originFate = origin && baseFates.get(origin.tableID)?.get(origin.columnID)
        return [number, stricterFate(ownFates.get(number) ?? 'hidden', originFate ?? fateOfComputed)]
      }),
    )
  }

  /** What the rules say of a column of this relation itself. A denied table has only hidden columns. */
  private ruledFate({ schema, table, relatives }: RelationRow, column: string, isOpened: boolean): ColumnFate {
    const family = [{ schema, table }, ...relatives]
    if (!isOpened && family.some((id) => isDenied(this.rules, id))) return 'hidden'
    return family.map((id) => columnFate(this.rules, id, column)).reduce(stricterFate)
  }

  /**
   * What a view computes out of closed columns is closed too. So is what it computes when it reads a denied table, or
   * calls functions that somebody made: these may read anything.
   */
  private computedFate(view: RelationRow, baseFates: ReadonlyMap<number, Fates>, opensDenied: boolean): ColumnFate {
    // A whole row in a view's query is written as `t.*`, and pg_depend does not tell which columns it uses.
    const usesWholeRows = /\.\*/.test(view.definition ?? '')
    const isClosed = view.uses.some(({ oid, number }) => {
      const fates = baseFates.get(oid)
      if (!fates || (!opensDenied && this.isDenied(oid))) return true
      const usedFates = number > 0 && !usesWholeRows ? [fates.get(number)] : usesWholeRows ? [...fates.values()] : []
      return usedFates.some((fate) => fate !== 'plain')
    })
    return isClosed || view.callsOwnFunctions ? 'hidden' : 'plain'
  }

  private isDenied(oid: number): boolean {
    const relation = this.relations.get(oid)
    return relation === undefined || [relation, ...relation.relatives].some((id) => isDenied(this.rules, id))
  }

  /** Which column of which table each column of the view comes from; undefined when the gateway's role cannot tell. */
  private async origins(view: RelationRow, definition: string): Promise<FieldDef[] | undefined> {
    await this.client.query('savepoint describe_view')
    try {
      const fields = await describeStatement(this.client, definition.replace(/;\s*$/, ''))
      return fields.length === view.columns.length ? fields : undefined
    } catch {
      await this.client.query('rollback to savepoint describe_view')
      return undefined
    } finally {
      await this.client.query('release savepoint describe_view')
    }
  }

  private async read(oid: number): Promise<RelationRow | undefined> {
    const knownRelation = this.relations.get(oid)
    if (knownRelation) return knownRelation
    const { rows } = await this.client.query<RelationRow>(relationQuery, [oid])
    if (rows[0]) this.relations.set(oid, rows[0])
    return rows[0]
  }
}

/** Ids below this are PostgreSQL's own objects (FirstNormalObjectId of access/transam.h). */
const firstUserId = 16_384

const relationQuery = `
  with recursive ancestor(oid) as (
    select $1::oid union select i.inhparent from ancestor join pg_inherits i on i.inhrelid = ancestor.oid
  ), heir(oid) as (
    select $1::oid union select i.inhrelid from heir join pg_inherits i on i.inhparent = heir.oid
  )
  select c.oid::int8::text::float8 as oid, n.nspname as schema, c.relname as table,
    case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end as definition,
    (select coalesce(json_agg(json_build_object('number', attnum, 'name', attname) order by attnum), '[]') from pg_attribute
      where attrelid = c.oid and attnum > 0 and not attisdropped) as columns,
    (select coalesce(json_agg(json_build_object('schema', rn.nspname, 'table', r.relname)), '[]')
      from (select oid from ancestor union select oid from heir) relative
      join pg_class r on r.oid = relative.oid join pg_namespace rn on rn.oid = r.relnamespace where r.oid <> c.oid) as relatives,
    (select coalesce(json_agg(distinct jsonb_build_object('oid', d.refobjid::int8, 'number', d.refobjsubid)), '[]') from pg_rewrite w
      join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid and d.refclassid = 'pg_class'::regclass
      where w.ev_class = c.oid and d.refobjid <> c.oid) as uses,
    exists (select from pg_rewrite w join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid
      where w.ev_class = c.oid and d.refclassid in ('pg_proc'::regclass, 'pg_operator'::regclass)
        and not exists (select from pg_depend e where e.classid = d.refclassid and e.objid = d.refobjid and e.deptype = 'e')
        and d.refobjid >= ${firstUserId}) as "callsOwnFunctions"
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = $1`
