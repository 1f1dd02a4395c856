/** Service accounts are stored under this name in place of an identity provider. No provider may have it. */
export const SERVICE_PROVIDER = 'service'
