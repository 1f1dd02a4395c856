const levels = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency']

/** Whether a log message is what the asker wants to hear: none where no level was asked for, or the message has none that is known. */
export function loggable(params: Readonly<Record<string, unknown>> | undefined, wanted: string | undefined): boolean {
  const level = levels.indexOf(String(params?.['level']))
  const least = wanted === undefined ? -1 : levels.indexOf(wanted)
  return least !== -1 && level >= least
}

/** True where `a` lets more through than `b`. */
export const isMoreVerbose = (a: string, b: string): boolean => levels.indexOf(a) < levels.indexOf(b)

export const isLevel = (level: string): boolean => levels.includes(level)
