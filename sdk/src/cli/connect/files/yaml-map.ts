import { isMap, parseDocument, stringify } from 'yaml'
import { Unchangeable } from './change.ts'
import type { FileFormat } from './change.ts'

/** YAML whose section is a map of entries by their names. Comments and order stay. */
export const yamlMapFile: FileFormat = {
  print: ({ section, name, entry }) => stringify({ [section]: { [name]: entry } }).trimEnd(),
  apply({ section, name, entry }, text = '') {
    const document = parseDocument(text)
    const [fault] = document.errors
    if (fault) throw new Unchangeable(`it is not YAML: ${fault.message.split('\n')[0]}`)
    if (document.contents === null)
      return (text === '' || text.endsWith('\n') ? text : `${text}\n`) + stringify({ [section]: { [name]: entry } })
    if (!isMap(document.contents)) throw new Unchangeable('it holds no object')
    const entries: unknown = document.get(section)
    if (entries !== undefined && entries !== null && !isMap(entries)) throw new Unchangeable(`"${section}" in it is not an object`)
    const old: unknown = document.getIn([section, name])
    if (isMap(old) && JSON.stringify(old.toJSON()) === JSON.stringify(entry)) return text
    if (entries === null) document.set(section, document.createNode({ [name]: entry }))
    else document.setIn([section, name], document.createNode(entry))
    return document.toString({ lineWidth: 0 })
  },
}
