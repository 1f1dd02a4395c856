import { auditExport } from './export.ts'
import { auditSearch } from './search.ts'
import { auditVerify } from './verify.ts'
import type { Define } from '../base/verb.ts'

export const audit: Define = (parent, act) => {
  const command = parent
    .command('audit')
    .summary('search, verify and export what was recorded')
    .description('Every call is recorded, refused ones too, before its answer leaves; so is every change of the policy.')
    .addHelpText('after', '\nExamples:\n  bir audit search --user alice --since 1h\n  bir audit verify')
  auditSearch(command, act)
  auditVerify(command, act)
  auditExport(command, act)
}
