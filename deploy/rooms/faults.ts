import { findCircle, folderOf, graphOf, roomOf } from './folder-graph.ts'
import type { SourceFile } from './read-imports.ts'
import { MAX_FILES_IN_FOLDER } from './rooms.ts'
import type { RoomLine } from './rooms.ts'

/** What is wrong with the layout, a sentence each; empty when nothing is. */
export function roomFaults(files: readonly SourceFile[], lines: readonly RoomLine[]): string[] {
  const sources = files.filter(({ isTest }) => !isTest)
  const lineOf = new Map(lines.flatMap(({ rooms }, line) => rooms.map((room) => [room, line] as const)))
  return sources.flatMap((file) => {
    const line = lineOf.get(roomOf(file.path))
    if (line === undefined) {
      return [`${file.path} lies in no room. Move it into a room of CONTRIBUTING.md, or add the room to deploy/rooms/rooms.ts.`]
    }
    return file.imports.flatMap((target) => importFault(file.path, target, line, lineOf))
  })
}

function importFault(path: string, target: string, line: number, lineOf: ReadonlyMap<string, number>): string[] {
  const [room, targetRoom] = [roomOf(path), roomOf(target)]
  if (room === targetRoom || (lineOf.get(targetRoom) ?? -1) > line) return []
  return [
    `${path} imports ${target}, but ${room}/ may import only from rooms in the lines below it, and ${targetRoom}/ is none of them. ` +
      `Move what both need to a lower room, or pass it in as an argument.`,
  ]
}

/** Sources that import a test or a test helper. */
export function testImportFaults(files: readonly SourceFile[]): string[] {
  const tests = new Set(files.filter(({ isTest }) => isTest).map(({ path }) => path))
  return files.flatMap(({ path, isTest, imports }) =>
    isTest ? [] : imports.filter((target) => tests.has(target)).map((target) => `${path} imports ${target}, which only tests may use.`),
  )
}

export function circleFaults(files: readonly SourceFile[]): string[] {
  const circle = findCircle(graphOf(files))
  return circle
    ? [`Folders import each other in a circle: ${circle.join(' → ')}. Types count too. Move what both need to a folder below.`]
    : []
}

/** `src` is the folder of the package; `large` names the folders that may hold more. */
export function sizeFaults(src: string, files: readonly SourceFile[], large: readonly string[]): string[] {
  const sources = files.filter(({ isTest }) => !isTest)
  return [...Map.groupBy(sources, ({ path }) => folderOf(path))].flatMap(([folder, { length }]) => {
    const path = folder === '(root)' ? src : `${src}/${folder}`
    if (length <= MAX_FILES_IN_FOLDER || large.includes(path)) return []
    return [
      `${path} holds ${length} source files, more than ${MAX_FILES_IN_FOLDER}. Move those that belong together into a folder of their own.`,
    ]
  })
}
