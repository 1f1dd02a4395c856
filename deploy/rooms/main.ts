import { readSourceFiles } from './read-imports.ts'
import { findCircle, graphOf, roomOf } from './folder-graph.ts'
import { DATA_PLANE_ROOMS } from './rooms.ts'
import { fileURLToPath } from 'node:url'

const src = fileURLToPath(new URL('../../data-plane/src', import.meta.url))
const files = readSourceFiles(src)
const sources = files.filter(({ isTest }) => !isTest)
const rooms = graphOf(files, roomOf)
const folders = graphOf(files)

const lines = ['The data plane, from the top to the bottom. A room imports only from the lines below it.', '']
for (const { rooms: names, holds } of DATA_PLANE_ROOMS) {
  lines.push(`${names.join(', ')}: ${holds}`)
  for (const name of names) {
    const count = sources.filter(({ path }) => roomOf(path) === name).length
    lines.push(`    ${name} (${count} files) → ${[...(rooms.get(name) ?? [])].sort().join(', ') || 'nothing'}`)
  }
}
lines.push('', 'Folders:')
for (const [folder, targets] of [...folders].sort(([a], [b]) => (a < b ? -1 : 1)))
  lines.push(`    ${folder} → ${[...targets].sort().join(', ') || 'nothing'}`)
const circle = findCircle(folders)
lines.push('', circle ? `A circle: ${circle.join(' → ')}` : 'No circle of folders, types counted.')
process.stdout.write(`${lines.join('\n')}\n`)
