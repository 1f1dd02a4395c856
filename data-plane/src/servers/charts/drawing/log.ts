import { RenderFault } from './fault.ts'

/** What Vega says of a chart that is not interactive, or of rows that are empty: nothing that a caller could mend. */
const noise = [/^Infinite extent for field/, /^Can not resolve event source/]

const logScaleAtZero = /^Log scale domain includes zero: \[(.*),(.*)\]$/

/**
 * A logger that collects the messages of Vega. Vega detaches the functions from the object, so they use no `this` of
 * theirs.
 */
export function collectLog() {
  const warnings: string[] = []
  const errors: string[] = []
  const pushTo = (messages: string[]) =>
    function (this: unknown, ...parts: unknown[]) {
      const message = parts.map(String).join(' ').slice(0, 300)
      if (messages.length < 5 && !messages.includes(message) && !noise.some((pattern) => pattern.test(message))) messages.push(message)
      return this
    }
  const ignore = function (this: unknown) {
    return this
  }
  return { warnings, errors, logger: { level: ignore, error: pushTo(errors), warn: pushTo(warnings), info: ignore, debug: ignore } }
}

/** Throws what makes a drawing wrong, though Vega draws it. */
export function throwFaults({ errors, warnings }: ReturnType<typeof collectLog>): void {
  if (errors[0] !== undefined) throw new Error(errors[0])
  const [, min, max] = warnings.map((warning) => logScaleAtZero.exec(warning)).find(Boolean) ?? []
  if (min === undefined) return
  throw new RenderFault({
    code: 'invalid_input',
    message: `spec: a log scale has no place for 0, and its values go from ${min} to ${max}.`,
    hint: 'Set "scale": {"type": "symlog"}, or filter out the values that are not above 0.',
  })
}
