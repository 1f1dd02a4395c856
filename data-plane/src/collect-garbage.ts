import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Starting leaves some 50 MB of garbage, which a process that then sits idle would keep for good: it is collected once. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  setFlagsFromString('--no-expose-gc')
  if (typeof collect === 'function') collect()
}
