import { isMap, isSeq, parseDocument, stringify } from 'yaml'
import type { Document } from 'yaml'
import { Unchangeable } from './change.ts'
import type { Change, FileFormat } from './change.ts'

/** YAML whose section is a list of entries with a `name`. Comments and order stay. */
export const yamlFile: FileFormat = {
  print: ({ section, entry }) => stringify({ [section]: [entry] }).trimEnd(),
  apply(change, text = '') {
    const document = parseDocument(text)
    const [fault] = document.errors
    if (fault) throw new Unchangeable(`it is not YAML: ${fault.message.split('\n')[0]}`)
    if (document.contents === null)
      return (text === '' || text.endsWith('\n') ? text : `${text}\n`) + stringify({ ...change.newFile, [change.section]: [change.entry] })
    if (!isMap(document.contents)) throw new Unchangeable('it holds no object')
    if (isSaid(document, change)) return text
    put(document, change)
    return document.toString({ lineWidth: 0 })
  },
}

function put(document: Document, { section, name, entry }: Change): void {
  const list = document.get(section)
  if (list === undefined || list === null) return document.set(section, document.createNode([entry]))
  if (!isSeq(list)) throw new Unchangeable(`"${section}" in it is not a list`)
  const at = list.items.findIndex((item) => isMap(item) && item.get('name') === name)
  if (at === -1) list.add(document.createNode(entry))
  else list.set(at, document.createNode(entry))
}

function isSaid(document: Document, { section, entry }: Change): boolean {
  const list: unknown = document.toJS() as unknown
  const items = typeof list === 'object' && list !== null ? (list as Record<string, unknown>)[section] : undefined
  return Array.isArray(items) && items.some((item) => JSON.stringify(item) === JSON.stringify(entry))
}
