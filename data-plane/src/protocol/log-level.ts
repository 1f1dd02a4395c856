import { textOf } from '../json/text-of.ts'

/** Severities of log messages (RFC 5424, section 6.2.1), from the least to the most severe. */
export const LOG_LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

const severityOf = (level: string): number => LOG_LEVELS.indexOf(level as LogLevel)

/**
 * Whether a log message reaches a client that asked for `minLevel`. A client that asked for no level gets none.
 * A message without a known level reaches nobody.
 */
export function loggable(params: Readonly<Record<string, unknown>> | undefined, minLevel: string | undefined): boolean {
  const minSeverity = minLevel === undefined ? -1 : severityOf(minLevel)
  return minSeverity !== -1 && severityOf(textOf(params?.['level'])) >= minSeverity
}

/** True where level `a` lets more messages through than level `b`. */
export const isMoreVerbose = (a: string, b: string): boolean => severityOf(a) < severityOf(b)

export const isLevel = (level: string): level is LogLevel => severityOf(level) !== -1
