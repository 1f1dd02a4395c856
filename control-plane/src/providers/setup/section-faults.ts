import type { FileProviders } from '@bir/sdk/contract/provider'
import type { ProviderSite } from '../../base/context.ts'

/** Everything about the section `providers` of a file that cannot be, here. Each fault names its place in the file. */
export function providerFaults(section: FileProviders, { environment, isLocal }: ProviderSite): string[] {
  const entries = Object.entries(section)
  return entries.flatMap(([handle, { issuer, domains = [] }], index) => {
    const earlier = entries.slice(0, index)
    const sameIssuer = earlier.find(([, other]) => other.issuer === issuer)?.[0]
    const sameDomain = domains.find((domain) => earlier.some(([, other]) => other.domains?.includes(domain)))
    const faults = [
      handle === 'service' && 'the name service is kept for service accounts',
      handle === 'demo' && !isLocal && 'the name demo is for stage local only',
      !isLocal && issuer.startsWith('http:') && 'the issuer must be https:// in this stage',
      handle === environment?.handle && 'this is the provider of the settings IDP_…: take another handle, or leave the settings out',
      issuer === environment?.issuer && `this is the issuer of the provider ${environment.handle}, which the settings IDP_… name`,
      sameIssuer !== undefined && `this is the issuer of ${sameIssuer} too, so that nobody could tell whose token is whose`,
      sameDomain !== undefined && `the domain ${sameDomain} is that of another provider too`,
    ]
    return faults.flatMap((fault) => (fault === false ? [] : [`providers.${handle}: ${fault}`]))
  })
}
