import { expect, test } from 'vitest'
import { hideAtTheCut } from './at-the-cut.ts'

const secrets = ['glpat-0123456789', 'Z2xwYXQtMDEyMzQ1']

test.for<[text: string, cut: { start: boolean; end: boolean }, hidden: string]>([
  ['log glpat-01234', { start: false, end: true }, 'log •••'],
  ['log glpat-012345678', { start: false, end: true }, 'log •••'],
  ['log Z2xwYXQt', { start: false, end: true }, 'log •••'],
  ['log glpat-01234', { start: false, end: false }, 'log glpat-01234'],
  ['-0123456789 log', { start: true, end: false }, '••• log'],
  ['-0123456789 log', { start: false, end: true }, '-0123456789 log'],
  // Shorter than what is hidden of whole values.
  ['log glpat', { start: false, end: true }, 'log glpat'],
  ['3456789 log glpat-0', { start: true, end: true }, '••• log •••'],
])('%j, cut at %j', ([text, cut, hidden]) => {
  expect(hideAtTheCut(text, secrets, cut)).toBe(hidden)
})
