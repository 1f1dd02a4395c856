import type { Connection, FieldDef, PoolClient, QueryResult } from 'pg'

/**
 * Asks PostgreSQL for the columns of a statement without running it: Parse, Describe, Sync of the extended query
 * protocol (Frontend/Backend Protocol, Extended Query). Rights on tables are not needed, because nothing is planned.
 */
export function describeStatement(client: PoolClient, text: string): Promise<FieldDef[]> {
  return new Promise((resolve, reject) => {
    client.query(new DescribeQuery(text, resolve, reject))
  })
}

/** What the driver's protocol layer offers beyond its types. */
interface ProtocolConnection {
  parse(query: { text: string; name: string; types: number[] }): void
  describe(message: { type: 'S'; name: string }): void
  sync(): void
}

/** A query in the driver's queue. The driver calls these methods as the server's messages arrive. */
class DescribeQuery {
  private readonly text: string
  private readonly resolve: (fields: FieldDef[]) => void
  private readonly reject: (error: Error) => void
  private fields: FieldDef[] = []

  constructor(text: string, resolve: (fields: FieldDef[]) => void, reject: (error: Error) => void) {
    this.text = text
    this.resolve = resolve
    this.reject = reject
  }

  submit(connection: Connection): void {
    const protocol = connection as unknown as ProtocolConnection
    protocol.parse({ text: this.text, name: '', types: [] })
    protocol.describe({ type: 'S', name: '' })
    protocol.sync()
  }

  handleRowDescription({ fields }: Pick<QueryResult, 'fields'>): void {
    this.fields = fields
  }

  handleError(error: Error): void {
    this.reject(error)
  }

  handleReadyForQuery(): void {
    this.resolve(this.fields)
  }
}
