/** The variables of a URI template, by type. */
export type VariablesOf<Template extends string> = Template extends `${string}{${infer Name}}${infer Rest}`
  ? Name | VariablesOf<Rest>
  : never

/** Longer URIs name nothing of ours. */
const longestUri = 2_000

/** A URI template of simple variables (RFC 6570, level 1): each stands for one or more characters of a path segment, percent-encoded. */
export class UriTemplate<Template extends string = string> {
  readonly variables: readonly VariablesOf<Template>[]
  private readonly pattern: RegExp

  constructor(template: Template) {
    const parts = template.split(/\{(\w+)\}/)
    this.variables = parts.filter((_, at) => at % 2 === 1) as VariablesOf<Template>[]
    // As short as it can be: `{schema}.{table}` parts at the first dot.
    this.pattern = new RegExp(
      `^${parts.map((part, at) => (at % 2 === 1 ? '([^/?#]+?)' : part.replace(/[^\w/]/g, String.raw`\$&`))).join('')}$`,
    )
  }

  /** The variables' values in a URI; undefined when it is none of these. */
  match(uri: string): Record<VariablesOf<Template>, string> | undefined {
    const found = uri.length > longestUri ? null : this.pattern.exec(uri)
    if (!found) return undefined
    const values = this.variables.map((name, at) => [name, decoded(found[at + 1] ?? '')] as const)
    if (values.some(([, value]) => value === undefined)) return undefined
    return Object.fromEntries(values) as Record<VariablesOf<Template>, string>
  }
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part)
  } catch {
    return undefined
  }
}
