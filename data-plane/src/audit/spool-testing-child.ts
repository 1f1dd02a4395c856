import { Spool } from './spool.ts'

/** A child process that the test kills while it writes. It sends each sequence number after its record is written. */
const [dir = '', origin = '{}'] = process.argv.slice(2)
const { spool } = Spool.open(dir, JSON.parse(origin), 1e9)

for (;;) {
  const seqs = Array.from({ length: 5 }, async (_, at) => {
    const written = spool.append({ kind: 'call', atMs: 1, outcome: 'answered' }, { args: '{"text":"salam"}' }, at === 0)
    const { seq } = spool.tip
    await written
    process.send?.(seq)
  })
  await Promise.all(seqs)
}
