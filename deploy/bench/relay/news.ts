/** The resource that changes at the benchmark's server. */
export const NEWS = 'bench://news'
