import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

/**
 * A source file and the files of the same package that it imports, types too. Paths are relative to the package's
 * `src`.
 */
export interface SourceFile {
  readonly path: string
  readonly isTest: boolean
  readonly imports: readonly string[]
}

const importPattern = /^(?:import|export)\b[^'"]*?\bfrom '(\.[^']+)'|^import '(\.[^']+)'|\bimport\('(\.[^']+)'\)/gm

/**
 * Tests, and what only tests use: `x.test.ts`, `testing.ts`, `x-testing.ts`, and the folders `testing` and `features`.
 */
const testPattern = /\.test\.ts$|(^|\/)testing(\/|-|\.ts$)|-testing(-|\.ts$)|(^|\/)features\//

export function readSourceFiles(src: string): SourceFile[] {
  const paths = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.ts') && !path.includes('node_modules'),
  )
  return paths.sort().map((path) => ({ path, isTest: testPattern.test(path), imports: importsOf(src, path) }))
}

function importsOf(src: string, path: string): string[] {
  const text = readFileSync(join(src, path), 'utf8')
  return [...text.matchAll(importPattern)].map(([, from, bare, dynamic]) =>
    relative(src, join(src, dirname(path), from ?? bare ?? dynamic ?? '')),
  )
}
