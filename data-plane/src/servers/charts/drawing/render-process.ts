import { Worker } from 'node:worker_threads'
import type { Fault, Findings, Job, Picture, Reply } from './job.ts'
import { readDatesByCalendar } from './calendar.ts'
import { RenderFault } from './fault.ts'
import { render } from './render.ts'
import type { WatchdogData } from './watchdog.ts'

const send = (reply: Reply) => process.send?.(reply)

/** The schema is large and seldom needed, so it is read for the first job that validates. */
async function prepareJob(job: Job): Promise<() => Promise<Picture | Findings>> {
  // Vega reads the parts of a local time from `Date`, whose zone Node takes from here.
  // oxlint-disable-next-line node/no-process-env
  process.env['TZ'] = (job.kind === 'render' && job.timezone) || 'UTC'
  if (job.kind === 'render') return () => render(job.spec, job.format)
  const { findFaults } = await import('./findings.ts')
  return () => findFaults(job.spec)
}

function faultOf(error: unknown): Fault {
  if (error instanceof RenderFault) return error.fault
  const message = error instanceof Error ? error.message : String(error)
  return { code: 'invalid_input', message: `spec: ${message.slice(0, 500)}`, hint: 'Ask validate_spec for what is wrong with it.' }
}

async function answer(job: Job): Promise<void> {
  try {
    const work = await prepareJob(job)
    watchdog.postMessage('begun')
    send({ begun: true })
    send({ done: await work() })
  } catch (error) {
    send({ fault: faultOf(error) })
  }
  watchdog.postMessage('ended')
}

// A spec may block this thread for ever. The watchdog's thread checks the CPU time, and whether the plane runs.
const watchdog = new Worker(new URL('./watchdog.ts', import.meta.url), {
  workerData: { parent: process.ppid, limitMs: Number(process.argv[2]) } satisfies WatchdogData,
})
watchdog.unref()

readDatesByCalendar()
process.on('message', (job: Job) => void answer(job))
process.on('disconnect', () => process.exit())
