/** The names of the variables of a URI template, as a union of string literals. */
export type VariablesOf<Template extends string> = Template extends `${string}{${infer Name}}${infer Rest}`
  ? Name | VariablesOf<Rest>
  : never

/** No URI of a mounted server is longer. */
const maxUriChars = 2_000

/**
 * A URI template of simple variables (RFC 6570, level 1). Each variable stands for one or more characters of a path
 * segment, percent-encoded.
 */
export class UriTemplate<Template extends string = string> {
  readonly variables: readonly VariablesOf<Template>[]
  private readonly pattern: RegExp

  constructor(template: Template) {
    const parts = template.split(/\{(\w+)\}/)
    this.variables = parts.filter((_, index) => index % 2 === 1) as VariablesOf<Template>[]
    // Non-greedy: `{schema}.{table}` splits at the first dot.
    const patterns = parts.map((part, index) => (index % 2 === 1 ? '([^/?#]+?)' : part.replace(/[^\w/]/g, String.raw`\$&`)))
    this.pattern = new RegExp(`^${patterns.join('')}$`)
  }

  /** The values of the variables in `uri`; undefined when `uri` does not fit the template. */
  match(uri: string): Record<VariablesOf<Template>, string> | undefined {
    const match = uri.length > maxUriChars ? null : this.pattern.exec(uri)
    if (!match) return undefined
    const values = this.variables.map((name, index) => [name, percentDecode(match[index + 1] ?? '')] as const)
    if (values.some(([, value]) => value === undefined)) return undefined
    return Object.fromEntries(values) as Record<VariablesOf<Template>, string>
  }
}

function percentDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
