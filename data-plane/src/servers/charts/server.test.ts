import { readdirSync, readFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { createChart } from './create-chart.ts'
import charts from './index.ts'
import { callTool } from './testing.ts'

const chart = { type: 'bar', x: 'a', y: 'b', data: [{ a: 'x', b: 1 }] }

const readIfThere = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // the process has ended meanwhile
  }
}

/** The running child processes of this process that draw charts (proc_pid_stat(5), ppid; proc_pid_cmdline(5)). */
const renderProcesses = (): string[] =>
  readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false
    const parent = readIfThere(`/proc/${pid}/stat`).split(') ')[1]?.split(' ')[1]
    return parent === String(process.pid) && readIfThere(`/proc/${pid}/cmdline`).includes('render-process.ts')
  })

test('close ends the process that draws, and a chart drawn later starts a new one', async () => {
  onTestFinished(() => charts.close())
  await callTool(createChart, chart)
  const [pid] = renderProcesses()
  expect(pid).toBeDefined()

  await charts.close()
  expect(renderProcesses()).toEqual([])

  expect((await callTool(createChart, chart)).structuredContent).toMatchObject({ width: 800 })
  expect(renderProcesses()).toEqual([expect.not.stringMatching(`^${pid}$`)])
})

test('close rejects a drawing that is not finished', async () => {
  const drawing = expect(callTool(createChart, chart)).rejects.toMatchObject({ code: 'upstream_down', retryable: true })
  await charts.close()
  await drawing
  expect(renderProcesses()).toEqual([])
})

test('close has nothing to do when no chart was drawn, and may be called again', async () => {
  await charts.close()
  await charts.close()
  expect(renderProcesses()).toEqual([])
})
