/** The page on which a person gives the secret for a server. Undefined where the plane knows no portal. */
const secretLink = (server: string, portalUrl: string | undefined): string | undefined =>
  portalUrl === undefined ? undefined : `${portalUrl.replace(/\/$/, '')}/secrets#${server}`

/** What to do about a secret, in one sentence. */
export function secretHint(server: string, portalUrl: string | undefined): string {
  const link = secretLink(server, portalUrl)
  const command = `run "bir secret put ${server}"`
  return link === undefined ? `To give one, ${command}.` : `Give one at ${link}, or ${command}.`
}
