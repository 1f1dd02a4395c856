/** In a process of a benchmark: tidies up and ends when the benchmark is over. */
export function whenOver(tidyUp: () => void): void {
  const end = () => {
    tidyUp()
    process.exit()
  }
  process.on('SIGTERM', end)
  process.on('disconnect', end)
}
