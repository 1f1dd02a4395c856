import { Worker } from 'node:worker_threads'
import type { Fault, Findings, Job, Picture, Reply } from './job.ts'
import { render, RenderFault } from './render.ts'
import type { Watched } from './watchdog.ts'

const say = (reply: Reply) => process.send?.(reply)

/** The schema is large and few ask for it: it is read and compiled with the first that does. */
async function prepared(job: Job): Promise<() => Promise<Picture | Findings>> {
  if (job.kind === 'render') return () => render(job.spec, job.format)
  const { findings } = await import('./findings.ts')
  return () => findings(job.spec)
}

function faultOf(error: unknown): Fault {
  if (error instanceof RenderFault) return error.fault
  const message = error instanceof Error ? error.message : String(error)
  return { code: 'invalid_input', message: `spec: ${message.slice(0, 500)}`, hint: 'Ask validate_spec for what is wrong with it.' }
}

async function answer(job: Job): Promise<void> {
  try {
    const work = await prepared(job)
    watch.postMessage('begun')
    say({ begun: true })
    say({ done: await work() })
  } catch (error) {
    say({ fault: faultOf(error) })
  }
  watch.postMessage('ended')
}

// A spec may keep this thread from ever hearing anything: another one looks at the clock, and whether the plane is still there.
const watch = new Worker(new URL('./watchdog.ts', import.meta.url), {
  workerData: { parent: process.ppid, limitMs: Number(process.argv[2]) } satisfies Watched,
})
watch.unref()

process.on('message', (job: Job) => void answer(job))
process.on('disconnect', () => process.exit())
