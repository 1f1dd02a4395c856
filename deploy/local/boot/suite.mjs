import { join } from 'node:path'
import { runForeground } from './foreground.mjs'

/**
 * The checks that a change must pass, cheapest first. The tests
 * run last, so that their summary is the end of the output.
 */
const checks = [
  { title: 'format', script: 'oxfmt/bin/oxfmt', args: ['--check', '.'] },
  { title: 'lint', script: 'oxlint/bin/oxlint', args: ['--type-aware'] },
  { title: 'types', script: 'typescript/bin/tsc', args: ['--noEmit', '-p', 'tsconfig.json'] },
  { title: 'unused', script: 'knip/bin/knip.js', args: [] },
]

/** `npm test` runs every check and every test. With arguments it runs only the tests that they name. */
export async function runSuite({ root, node, args, env }) {
  const runScript = (script, args) => runForeground(node, [join(root, 'node_modules', script), ...args], { cwd: root, env })
  const vitest = (args) => runScript('vitest/vitest.mjs', ['run', ...args])
  if (args.length > 0) return vitest(args)

  const failedChecks = []
  for (const { title, script, args } of checks) {
    process.stdout.write(`\n── ${title} ──\n`)
    if ((await runScript(script, args)) !== 0) failedChecks.push(title)
  }
  process.stdout.write('\n── tests ──\n')
  const code = await vitest([])
  if (failedChecks.length > 0) process.stderr.write(`\nFailed: ${failedChecks.join(', ')}\n`)
  return failedChecks.length > 0 ? 1 : code
}
