import { withoutEnd } from './without-end.ts'

/** Escape sequences of terminals (ECMA-48): colours, movements of the cursor, titles, links, and their remains. */
// oxlint-disable-next-line no-control-regex
const escapeSequences = /\u001B(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)?|[ -/]*[0-~])?/g

/**
 * How GitLab marks where a section of a job's log folds. Its options hold no bracket: whoever writes the log must not
 * make each mark look through all that follows.
 */
const sectionMarks = /section_(?:start|end):\d+:[\w.-]+(?:\[[^[\]\r\n]*\])?\r?/g

/** A log as a person saw it: without escape sequences and marks, and of each line what was last written over it. */
export function plainLog(log: string): string {
  return log
    .replaceAll(sectionMarks, '')
    .replaceAll(escapeSequences, '')
    .split('\n')
    .map((line) => lastWritten(withoutEnd(line, '\r')))
    .join('\n')
}

const lastWritten = (line: string): string => line.slice(line.lastIndexOf('\r') + 1)
