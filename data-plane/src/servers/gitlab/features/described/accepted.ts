/** What GitLab's documentation has of these operations and neither description: paging, and what came later. */
export const documented: Readonly<Record<string, readonly string[]>> = {
  '/projects/{id}/merge_requests': [
    'scope',
    'author_username',
    'reviewer_username',
    'labels',
    'target_branch',
    'updated_after',
    'order_by',
    'sort',
  ],
  '/projects/{id}/repository/commits': ['author'],
  '/projects/{id}/repository/commits/{sha}/diff': ['unidiff'],
  '/projects/{id}/repository/compare': ['unidiff'],
  '/projects/{id}/repository/files/{file_path}/blame': ['ref', 'range[start]', 'range[end]'],
  '/projects/{id}/repository/files/{file_path}/raw': ['ref'],
  '/projects/{id}/repository/tree': ['recursive', 'pagination'],
}
export const paging = ['page', 'per_page']

/** Neither description has these operations, and GitLab's documentation has. N stands for a number. */
export const undescribed = [
  'GET /groups/shop/merge_requests',
  'GET /merge_requests',
  'GET /projects/shop%2Fweb/members/all',
  'GET /projects/shop%2Fweb/merge_requests/N/closes_issues',
  'GET /projects/shop%2Fweb/merge_requests/N/commits',
  'GET /projects/shop%2Fweb/merge_requests/N/diffs',
  'GET /projects/shop%2Fweb/merge_requests/N/pipelines',
  'GET /projects/shop%2Fweb/pipelines/N/test_report_summary',
  'GET /users',
  'POST /projects/shop%2Fweb/merge_requests/N/approve',
  'POST /projects/shop%2Fweb/merge_requests/N/unapprove',
  'POST /projects/shop%2Fweb/pipeline',
  'PUT /projects/shop%2Fweb/merge_requests/N',
  'PUT /projects/shop%2Fweb/merge_requests/N/merge',
]

/** Where a description is mistaken. */
export const mistaken = [
  // A branch has a name, as in every other operation on branches.
  'GET /projects/{id}/repository/branches/{branch}: branch is third, and no integer',
]

/** Members of the stand-in's answers that GitLab's documentation has and neither description, by why it has not. */
export const documentedMembers: Readonly<Record<string, readonly string[]>> = {
  'of a merge request the one has only what is basic, and the other calls a draft work in progress': [
    'draft',
    'reviewers',
    'detailed_merge_status',
    'has_conflicts',
    'blocking_discussions_resolved',
    'merged_at',
    'diverged_commits_count',
    'first_contribution',
  ],
  'they came later, to people, issues and comments': ['locked', 'issue_type', 'internal'],
  'neither says what approvals are made of, nor a position in a diff': [
    'user_has_approved',
    'user_can_approve',
    'approved_at',
    'position_type',
    'new_line',
  ],
  'neither shows the diffs of a comparison, nor what limits did to a diff': [
    'diffs',
    'generated_file',
    'collapsed',
    'too_large',
    'compare_timeout',
    'compare_same_ref',
  ],
  'of a search they show projects alone, and no code': ['basename', 'data', 'startline'],
  'neither has the summary of tests, nor why a job failed': ['time', 'success', 'skipped', 'error', 'suite_error', 'failure_reason'],
}
