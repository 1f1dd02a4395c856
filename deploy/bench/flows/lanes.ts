import type { Replicas } from './replicas.ts'

/** How many clients are at work at once. */
export const laneCount = 8

/**
 * Does so many pieces of work in a few lanes at once. The replica of this index is killed after a third of them, while
 * the other lanes are at work, and is back after two thirds.
 */
export async function inLanes(
  count: number,
  { replicas, killed }: { replicas: Replicas; killed: number },
  work: (index: number, lane: number) => Promise<void>,
): Promise<void> {
  let done = 0
  let restarting: Promise<void> | undefined
  const lane = async (number: number) => {
    for (let index = number; index < count; index += laneCount) {
      await work(index, number)
      done += 1
      if (done === Math.floor(count / 3)) await replicas.kill(killed)
      if (done === Math.floor((2 * count) / 3)) restarting = replicas.restart(killed)
    }
  }
  await Promise.all(Array.from({ length: laneCount }, (_, number) => lane(number)))
  await restarting
}
