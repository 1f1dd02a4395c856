import type { Entry } from '../clients/mcp-client.ts'

/** What is put into a client's file. */
export interface Change {
  readonly section: string
  readonly name: string
  readonly entry: Entry
  /** What a new file must begin with, besides. */
  readonly newFile?: Entry | undefined
  /** Items of lists, by the key of their list. An item of the same `id` is replaced. */
  readonly lists: Readonly<Record<string, readonly Entry[]>>
}

/** How one kind of file is written. */
export interface FileFormat {
  /** The change alone, as a person would paste it. */
  print(change: Change): string
  /**
   * The text of a file with the change in it, and everything else as it was; `text` is undefined where there is no
   * file. Throws `Unchangeable`.
   */
  apply(change: Change, text: string | undefined): string
}

/** Why a file is left as it is: a part of a sentence that ends with what a person can do. */
export class Unchangeable extends Error {
  override readonly name = 'Unchangeable'
}
