import { plain } from '../../contract/suspicious.ts'
import { printable } from './printable.ts'

/** What is wrong with the lists of a server, as lines under a heading. None when nothing is. */
export function faultLines(heading: string, faults: readonly string[]): string[] {
  if (faults.length === 0) return []
  return ['', heading, ...faults.map((fault) => `  ${printable(plain(fault.replaceAll('\n', ' ')))}`)]
}
