import { Worker } from 'node:worker_threads'
import type { Fault, Findings, Job, Picture, Reply } from './job.ts'
import { render, RenderFault } from './render.ts'

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
    say({ begun: true })
    say({ done: await work() })
  } catch (error) {
    say({ fault: faultOf(error) })
  }
}

process.on('message', (job: Job) => void answer(job))
process.on('disconnect', () => process.exit())
// A spec may keep this thread from ever hearing that the plane is gone.
new Worker(new URL('./orphan-watch.ts', import.meta.url), { workerData: process.ppid }).unref()
