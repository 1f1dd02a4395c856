import { kindOfToken } from '@bir/sdk/contract/token-kind'

/** Forms of GitLab that no list of other systems has. */
const others: readonly (readonly [RegExp, string])[] = [
  [/^GR1348941/, 'a registration token of GitLab for runners'],
  [/^glrtr-/, 'a registration token of GitLab for runners'],
  [/^glagent-/, "a token of GitLab's agent for Kubernetes"],
  [/^gloas-/, 'the secret of an OAuth application of GitLab'],
  [/^glimt-/, 'a token of GitLab for incoming mail'],
  [/^glffct-/, 'a token of GitLab for feature flags'],
  [/^_gitlab_session=/, 'a cookie of GitLab'],
  [/^https?:\/\//i, 'a web address'],
  [/^(ssh-|ecdsa-|-----BEGIN)/, 'a key'],
]

/**
 * What the text looks like, if it is no token with which a person uses GitLab's API. Such a text is not sent: it may be
 * good somewhere else.
 */
export function otherKind(token: string): string | undefined {
  if (/\s/.test(token)) return 'more than one word'
  const kind = kindOfToken(token)
  if (kind === 'a personal access token of GitLab') return undefined
  return kind ?? others.find(([form]) => form.test(token))?.[1]
}
