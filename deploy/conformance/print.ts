import type { SuiteResult } from './suite/suite.ts'

/** Prints a result for a person: failures first, with the messages of the suite. */
export function printResult(title: string, { required, failed, warnings, unscored }: SuiteResult): void {
  const lines = [`${title}: ${required.passed}/${required.total} required scenarios`]
  for (const { scenario, check, message } of failed) lines.push(`  FAILED  ${scenario} · ${check}\n          ${message}`)
  for (const { scenario, check, message } of warnings) lines.push(`  warning ${scenario} · ${check}\n          ${message}`)
  for (const { scenario, reason, failed: reasons } of unscored) {
    lines.push(`  ${reasons.length === 0 ? 'passes ' : 'fails  '} ${scenario} (unscored: ${reason})`)
    for (const { check, message } of reasons) lines.push(`          ${check}: ${message}`)
  }
  process.stdout.write(`${lines.join('\n')}\n`)
}
