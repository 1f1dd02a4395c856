/** Documents of the original Bir MCP, by key. Every operation throws `ApiError` when the other store does not do it. */
export interface ImportSource {
  /** In their order, which every call finds again. */
  keys(): Promise<string[]>
  /** YAML or JSON. Undefined: it is gone. */
  read(key: string): Promise<string | undefined>
  close(): void
}
