/** The rows of every page of a list, as they arrive. */
export async function* everyRow<Row>(
  page: (at: { first: number; after?: string }) => Promise<{ items: readonly Row[]; next?: string | null | undefined }>,
): AsyncGenerator<Row> {
  let after: string | null | undefined
  while (after !== null) {
    const { items, next = null } = await page({ first: pageRows, ...(after && { after }) })
    yield* items
    after = next
  }
}

const pageRows = 500
