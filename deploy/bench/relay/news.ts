/** The resource of the benchmark's server that changes. */
export const NEWS = 'bench://news'
