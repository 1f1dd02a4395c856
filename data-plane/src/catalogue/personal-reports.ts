type Tool = Readonly<Record<string, unknown>>

const nobody = ''

interface Reported {
  readonly tool: Tool
  /** Whose list it was in. */
  readonly person: string
}

/**
 * The tools that a server lists to any of the people whose secrets it is sent. The control plane is told of all of them
 * together: what one person is not offered is not gone. A definition stays as the person saw it who brought it, so that
 * it does not change to and fro where the server words it for each.
 */
export class PersonalReports {
  private readonly tools = new Map<string, Reported>()

  /** Adds one person's list, and returns all. */
  add(person: string, tools: readonly Tool[]): readonly Tool[] {
    const names = new Set(tools.map(({ name }) => String(name)))
    for (const [name, { person: owner }] of this.tools) if (owner === person && !names.has(name)) this.tools.delete(name)
    for (const tool of tools) {
      const name = String(tool['name'])
      const known = this.tools.get(name)
      if (!known || known.person === person || known.person === nobody) this.tools.set(name, { tool, person })
    }
    return [...this.tools.values()].map(({ tool }) => tool)
  }

  /** The person's list is not read any more: another's takes the place of what it brought. */
  disown(person: string): void {
    for (const [name, { person: owner, tool }] of this.tools) if (owner === person) this.tools.set(name, { tool, person: nobody })
  }
}
