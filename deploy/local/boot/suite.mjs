import { join } from 'node:path'
import { runForeground } from './foreground.mjs'

/** What a change must pass, cheapest first. The tests come last, so that their summary is what a person is left with. */
const checks = [
  { title: 'format', script: 'oxfmt/bin/oxfmt', args: ['--check', '.'] },
  { title: 'lint', script: 'oxlint/bin/oxlint', args: ['--type-aware'] },
  { title: 'types', script: 'typescript/bin/tsc', args: ['--noEmit', '-p', 'tsconfig.json'] },
  { title: 'unused', script: 'knip/bin/knip.js', args: [] },
]

/** `npm test`: every check and every test; with arguments, the tests they name alone. */
export async function runSuite({ root, node, args, env }) {
  const runScript = (script, args) => runForeground(node, [join(root, 'node_modules', script), ...args], { cwd: root, env })
  const vitest = (args) => runScript('vitest/vitest.mjs', ['run', ...args])
  if (args.length > 0) return vitest(args)

  const failed = []
  for (const { title, script, args } of checks) {
    process.stdout.write(`\n── ${title} ──\n`)
    if ((await runScript(script, args)) !== 0) failed.push(title)
  }
  process.stdout.write('\n── tests ──\n')
  const code = await vitest([])
  if (failed.length > 0) process.stderr.write(`\nFailed: ${failed.join(', ')}\n`)
  return failed.length > 0 ? 1 : code
}
