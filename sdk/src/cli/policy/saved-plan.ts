import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { z } from 'zod'
import { Sha256 } from '../../contract/names.ts'
import { PolicyFile } from '../../contract/policy-file.ts'
import { EXIT } from '../base/exit.ts'
import { CliFault, codeOf } from '../base/fault.ts'

/** A plan that was kept. It is good for the policy that it was made on, and for no other. */
const SavedPlan = z.looseObject({
  format: z.literal('bir-plan/1'),
  /** The hash of that policy. */
  policy: Sha256,
  edits: z.array(z.string()),
  /** The policy file that was planned. */
  file: PolicyFile,
})
export type SavedPlan = z.infer<typeof SavedPlan>

export async function writePlan(path: string, cwd: string, plan: Pick<SavedPlan, 'policy' | 'edits' | 'file'>): Promise<void> {
  const saved: SavedPlan = { format: 'bir-plan/1', ...plan }
  try {
    await writeFile(resolve(cwd, path), `${JSON.stringify(saved, undefined, 2)}\n`)
  } catch (cause) {
    throw new CliFault('bad_file', `${path} cannot be written (${codeOf(cause)}).`, { exit: EXIT.badInput, cause })
  }
}

export async function readPlan(path: string, cwd: string): Promise<SavedPlan> {
  const text = await readFile(resolve(cwd, path), 'utf8').catch((cause: unknown) => {
    throw new CliFault('bad_file', `${path} cannot be read (${codeOf(cause)}).`, { exit: EXIT.badInput, file: path, cause })
  })
  const plan = SavedPlan.safeParse(jsonOf(text))
  if (plan.success) return plan.data
  throw new CliFault('bad_file', `${path} is no plan of this version: make one with "bir plan -f bir.yaml -o ${path}".`, {
    exit: EXIT.badInput,
    file: path,
  })
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * What would happen now and was not planned (`+`), and what was planned and would not happen now (`-`). An edit that is
 * there twice counts twice.
 */
export const planDrift = (planned: readonly string[], now: readonly string[]): string[] => [
  ...without(now, planned).map((edit) => `+ ${edit}`),
  ...without(planned, now).map((edit) => `- ${edit}`),
]

function without(edits: readonly string[], others: readonly string[]): string[] {
  const left = [...others]
  return edits.filter((edit) => {
    const at = left.indexOf(edit)
    if (at !== -1) left.splice(at, 1)
    return at === -1
  })
}
