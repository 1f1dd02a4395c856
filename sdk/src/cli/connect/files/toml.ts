import { Unchangeable } from './change.ts'
import type { Change, FileFormat } from './change.ts'

/**
 * TOML is not parsed: a table is appended where there is none of its name, and nothing else is ever touched. A new
 * table at the end of a file is right whatever comes before, unless the file says the same in another way.
 */
export const tomlFile: FileFormat = {
  print: tableOf,
  apply(change, text = '') {
    const table = tableOf(change)
    const { section, name } = change
    if (`${text}\n`.replaceAll('\r\n', '\n').includes(`${table}\n`)) return text
    if (hasTable(text, change)) throw new Unchangeable(`it has another [${section}.${name}] already`)
    if (hasOtherForm(text, change)) throw new Unchangeable(`it writes ${section} in a form that no [${section}.${name}] can follow`)
    const before = text === '' || text.endsWith('\n') ? text : `${text}\n`
    return `${before}${before === '' ? '' : '\n'}${table}\n`
  },
}

function tableOf({ section, name, entry }: Change): string {
  // The basic strings of TOML take every escape that JSON writes.
  const lines = Object.entries(entry).map(([key, value]) => `${key} = ${JSON.stringify(value)}`)
  return [`[${section}.${name}]`, ...lines].join('\n')
}

/** `[mcp_servers.bir]`, also with spaces or quotes, and a table in it. */
const hasTable = (text: string, { section, name }: Change) =>
  new RegExp(`^[ \\t]*\\[[ \\t]*${quoted(section)}[ \\t]*\\.[ \\t]*${quoted(name)}[ \\t]*[\\].]`, 'm').test(text)

/** `mcp_servers = {…}`, `mcp_servers.git.url = …`, `[[mcp_servers]]`; or `bir = {…}`, which may lie in its table. */
const hasOtherForm = (text: string, { section, name }: Change) =>
  new RegExp(`^[ \\t]*(?:(?:${quoted(section)}|${quoted(name)})[ \\t]*[.=]|\\[\\[[ \\t]*${quoted(section)}[ \\t]*[\\].])`, 'm').test(text)

const quoted = (key: string) => `["']?${key}["']?`
