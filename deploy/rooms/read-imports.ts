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

/** An import may have a comment before it. `import(…)` stands in types and in code, with any quotation mark. */
const importPattern =
  /^(?:\/\*.*?\*\/\s*)*(?:import|export)\b[^'"]*?\bfrom\s*['"]([^'"]+)['"]|^(?:\/\*.*?\*\/\s*)*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"`]([^'"`]+)['"`]/gm

/**
 * Tests, and what only tests use: `x.test.ts`, `testing.ts`, `x-testing.ts`, and the folders `testing` and `features`.
 */
const testPattern = /\.test\.ts$|(^|\/)testing(\/|-|\.ts$)|-testing(-|\.ts$)|(^|\/)features\//

export function readSourceFiles(src: string): SourceFile[] {
  const paths = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
    (path) => /\.[mc]?ts$/.test(path) && !path.includes('node_modules'),
  )
  return paths.sort().map((path) => ({ path, isTest: testPattern.test(path), imports: importsOf(src, path) }))
}

function importsOf(src: string, path: string): string[] {
  const own = importsIn(readFileSync(join(src, path), 'utf8')).filter((specifier) => specifier.startsWith('.'))
  return own.map((specifier) => relative(src, join(src, dirname(path), specifier)))
}

/** What a source names in its imports, as it is written there. */
export const importsIn = (source: string): string[] =>
  [...source.matchAll(importPattern)].map(([, from, bare, inside]) => from ?? bare ?? inside ?? '')
