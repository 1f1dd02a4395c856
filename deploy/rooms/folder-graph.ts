import { dirname } from 'node:path'
import type { SourceFile } from './read-imports.ts'

/** Which folders a folder imports from. */
export type FolderGraph = ReadonlyMap<string, ReadonlySet<string>>

export const folderOf = (path: string): string => (dirname(path) === '.' ? '(root)' : dirname(path))

/** The top folder of a path: its room. */
export const roomOf = (path: string): string => (path.includes('/') ? (path.split('/', 1)[0] ?? '') : '(root)')

/** Imports between folders, without those of tests. `nameOf` says what a folder is: the leaf folder, or the room. */
export function graphOf(files: readonly SourceFile[], nameOf: (path: string) => string = folderOf): FolderGraph {
  const graph = new Map<string, Set<string>>()
  for (const { path, isTest, imports } of files) {
    if (isTest) continue
    const targets = graph.get(nameOf(path)) ?? new Set()
    graph.set(nameOf(path), targets)
    for (const target of imports) if (nameOf(target) !== nameOf(path)) targets.add(nameOf(target))
  }
  return graph
}

/** One circle of folders as a path that ends where it begins; undefined when there is none. */
export function findCircle(graph: FolderGraph): string[] | undefined {
  const done = new Set<string>()
  for (const start of graph.keys()) {
    const circle = walk(graph, start, [], done)
    if (circle) return circle
  }
  return undefined
}

function walk(graph: FolderGraph, folder: string, path: readonly string[], done: Set<string>): string[] | undefined {
  const at = path.indexOf(folder)
  if (at >= 0) return [...path.slice(at), folder]
  if (done.has(folder)) return undefined
  for (const target of graph.get(folder) ?? []) {
    const circle = walk(graph, target, [...path, folder], done)
    if (circle) return circle
  }
  done.add(folder)
  return undefined
}
