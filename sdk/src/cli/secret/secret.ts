import type { Define } from '../base/verb.ts'
import { secretCheck } from './check.ts'
import { secretDelete } from './delete.ts'
import { secretErase } from './erase.ts'
import { secretForm } from './form.ts'
import { secretHistory } from './history.ts'
import { secretImport } from './import.ts'
import { secretList } from './list.ts'
import { secretPut } from './put.ts'

/** `bir secret` keeps the secrets that servers need of people. */
export const secret: Define = (parent, act) => {
  const command = parent
    .command('secret')
    .alias('secrets')
    .summary('secrets that servers need of you: try, save, list and destroy them')
    .description(
      'Keeps the secrets that servers need of people, such as a token of GitLab. Each is tried against the real service before it is saved. Nothing ever shows a value.',
    )
    .addHelpText('after', '\nExamples:\n  bir secret form gitlab\n  bir secret put gitlab\n  bir secret list\n  bir secret check gitlab')
  for (const define of [secretPut, secretCheck, secretList, secretDelete, secretErase, secretHistory, secretForm, secretImport])
    define(command, act)
}
