import { expect, test } from 'vitest'
import { hintsOf, inferLevel } from './infer-level.ts'

const none = { readOnly: undefined, destructive: undefined }

test.for([
  ['echo', 'read'],
  ['list_issues', 'read'],
  ['getUserById', 'read'],
  ['GETUser', 'read'],
  ['search.code', 'read'],
  ['user_list', 'read'],
  ['get-post', 'read'],
  ['browser_snapshot', 'destroy'],
  ['create_issue', 'write'],
  ['githubCreateIssue', 'write'],
  ['get_or_create_user', 'write'],
  ['find_and_replace', 'write'],
  ['set_label', 'write'],
  ['post_message', 'write'],
  ['list_set', 'read'],
  ['delete_issue', 'destroy'],
  ['issue_delete', 'destroy'],
  ['list_and_purge', 'destroy'],
  ['forceUpdate', 'destroy'],
  ['run_query', 'destroy'],
  ['execute_sql', 'destroy'],
  ['manage_users', 'destroy'],
  ['frobnicate', 'destroy'],
  ['deleted_items', 'destroy'],
  ['getDeletedItems', 'read'],
  ['___', 'destroy'],
  ['constructor', 'destroy'],
] as const)('without hints, %s needs %s', ([name, level]) => {
  expect(inferLevel(name, none)).toBe(level)
})

test.for([
  ['frobnicate', { readOnlyHint: true }, 'read'],
  ['delete_all', { readOnlyHint: true }, 'read'],
  ['get_thing', { readOnlyHint: true, destructiveHint: true }, 'destroy'],
  ['get_thing', { destructiveHint: true }, 'destroy'],
  ['frobnicate', { destructiveHint: false }, 'write'],
  ['get_thing', { destructiveHint: false }, 'write'],
  ['delete_all', { readOnlyHint: false, destructiveHint: false }, 'write'],
  ['get_thing', { readOnlyHint: true, destructiveHint: false }, 'read'],
  ['get_thing', { readOnlyHint: false }, 'write'],
  ['create_thing', { readOnlyHint: false }, 'write'],
  ['frobnicate', { readOnlyHint: false }, 'destroy'],
  ['get_thing', { readOnlyHint: 'yes', destructiveHint: 1 }, 'read'],
  ['get_thing', null, 'read'],
  ['frobnicate', [], 'destroy'],
] as const)('%s with the hints %j needs %s', ([name, annotations, level]) => {
  expect(inferLevel(name, hintsOf({ name, annotations }))).toBe(level)
})
