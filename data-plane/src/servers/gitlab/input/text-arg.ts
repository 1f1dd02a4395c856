import { z } from 'zod'
import { inBrief } from '../../../server-kit/define-tool.ts'

/** A text that is checked for its length, of which `tools/list` says nothing. */
export const textArg = (maxChars: number, description?: string) => {
  const text = z.string().min(1).max(maxChars)
  return inBrief(description === undefined ? text : text.describe(description))
}

/** A number or a name, as text. Models often write a number for a text that is one. */
const idArg = (description: string) =>
  inBrief(z.preprocess((value) => (typeof value === 'number' ? String(value) : value), z.string().min(1).max(1_000)).describe(description))

export const ProjectArg = idArg('Number, path (group/app) or address')
export const GroupArg = idArg('Number, path or address')
export const MergeRequestArg = idArg('Number in the project, or address')
export const IssueArg = idArg('Number in the project, or address')
