/** Tokens that say in their first letters what they are, with the words for it. */
const kinds: readonly (readonly [RegExp, string])[] = [
  [/^glpat-/, 'a personal access token of GitLab'],
  [/^glptt-/, 'a trigger token of GitLab'],
  [/^gldt-/, 'a deploy token of GitLab'],
  [/^glrt-/, 'a runner token of GitLab'],
  [/^glcbt-/, 'a job token of GitLab'],
  [/^glsoat-/, 'a SCIM token of GitLab'],
  [/^glft-/, 'a feed token of GitLab'],
  [/^glsa_/, 'a service account token of Grafana'],
  [/^glc_/, 'a token of Grafana Cloud'],
  [/^squ_/, 'a user token of SonarQube'],
  [/^sq[pa]_/, 'an analysis token of SonarQube'],
  [/^AT[A-Z]{2}T3xFf/, 'an API token of Atlassian'],
  [/^dkuaps-/, 'an API key of Dataiku'],
  [/^(gh[pousr]_|github_pat_)/, 'a token of GitHub'],
  [/^xox[abeprs]-/, 'a token of Slack'],
  [/^(hvs|hvb|hvr)\./, 'a token of Vault'],
  [/^AKIA[0-9A-Z]{16}$/, 'an access key of AWS'],
  [/^sk-(ant-)?/, 'a key of a model provider'],
  [/^bir_pat_/, 'a personal access token of this gateway'],
  [/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/, 'a JSON Web Token'],
]

/** What a token looks like, in words such as `a personal access token of GitLab`. Undefined: its form does not say. */
export const kindOfToken = (token: string): string | undefined => kinds.find(([form]) => form.test(token))?.[1]
