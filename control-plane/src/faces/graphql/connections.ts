import type { z } from 'zod'
import type { Procedure } from '../../base/perform.ts'
import type { Builder } from './builder.ts'
import { cursors, TYPE_NAMES } from './names.ts'
import { pascal } from './types.ts'
import type { ContractTypes } from './types.ts'
import { unwrap, shapeOf } from './zod-shape.ts'

type Row = Record<string, unknown>

interface Answer {
  type: unknown
  /** Turns the output of the operation into the value that this type resolves. */
  from(output: unknown): unknown
}

interface Page {
  items: Row[]
  next: string | null
}

/**
 * The output types of operations. Paged lists become Relay connections, `{ items }` a list; other outputs stay as is.
 */
export class Connections {
  private readonly builder: Builder
  private readonly types: ContractTypes
  private readonly pageInfo
  /** Lists of the same items have the same type: two operations may give records. */
  private readonly made = new Map<z.ZodType, Answer>()

  constructor(builder: Builder, types: ContractTypes) {
    this.builder = builder
    this.types = types
    this.pageInfo = builder.objectRef<{ hasNextPage: boolean; endCursor: string | null }>('PageInfo').implement({
      fields: (t) => ({
        hasNextPage: t.exposeBoolean('hasNextPage', { nullable: false }),
        endCursor: t.exposeString('endCursor', { nullable: true }),
      }),
    })
  }

  answer(procedure: Procedure, hint: string): Answer {
    const shape = shapeOf(procedure.output)
    const fields = new Map(shape.as === 'object' ? shape.fields : [])
    const items = fields.get('items')
    const list = items && shapeOf(items)
    if (list?.as !== 'list') return { type: this.types.output(procedure.output, hint), from: (output) => output }
    const item = unwrap(list.item)
    if (!fields.has('next')) return { type: [this.types.output(item, hint)], from: (output) => (output as Page).items }
    return this.connection(procedure, item)
  }

  private connection({ path }: Procedure, item: z.ZodType): Answer {
    const cursor = cursors[path]
    if (!cursor) throw new Error(`${path} has no cursor`)
    const known = this.made.get(item)
    if (known) return known
    const name = TYPE_NAMES.get(item) ?? pascal(path.replace('.', ''))
    const type = this.types.output(item, name)

    const edge = this.builder.objectRef<Row>(`${name}Edge`).implement({
      fields: (t) => ({
        cursor: t.string({ nullable: false, resolve: cursor }),
        node: t.field({ type, nullable: false, resolve: (row: Row) => row as never }),
      }),
    })
    const connection = this.builder.objectRef<Page>(`${name}Connection`).implement({
      fields: (t) => ({
        edges: t.field({ type: [edge], nullable: false, resolve: ({ items }) => items }),
        pageInfo: t.field({ type: this.pageInfo, nullable: false, resolve: (page) => pageInfo(page, cursor) }),
      }),
    })
    const answer: Answer = { type: connection, from: (output) => output }
    this.made.set(item, answer)
    return answer
  }
}

function pageInfo({ items, next }: Page, cursor: (item: Row) => string) {
  const last = items.at(-1)
  return { hasNextPage: next !== null, endCursor: next ?? (last ? cursor(last) : null) }
}
