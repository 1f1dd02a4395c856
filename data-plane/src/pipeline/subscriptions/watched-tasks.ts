import type { Person, Policy } from '@bir/sdk/contract/policy'
import type { Routes } from '../../aggregate/rewrite-request.ts'
import { decideTask } from '../../protocol/extensions/tasks.ts'
import type { TaskAddress } from '../../protocol/extensions/tasks.ts'

interface Watched {
  readonly sealed: string
  readonly address: TaskAddress
}

/** The tasks that one client listens to, by the sealed ids it was given. */
export class WatchedTasks {
  private readonly watched: readonly Watched[]

  constructor({ openTask }: Pick<Routes, 'openTask'>, taskIds: readonly string[] | undefined = []) {
    this.watched = taskIds.flatMap((sealed) => {
      const address = openTask(sealed)
      return address ? [{ sealed, address }] : []
    })
  }

  /** The client's sealed ids of the tasks of a server, by the server's own ids. */
  namesOf(server: string): ReadonlyMap<string, string> {
    return new Map(this.watched.flatMap(({ sealed, address }) => (address.server === server ? [[address.taskId, sealed] as const] : [])))
  }

  /** Decides whether the person may hear of this task now. */
  mayHear(server: string, taskId: unknown, { policy, person }: { policy: Policy; person: Person | undefined }): boolean {
    const watchedTask = this.watched.find(({ address }) => address.server === server && address.taskId === taskId)
    return watchedTask !== undefined && person !== undefined && decideTask(policy, person, watchedTask.address, Date.now()).allow
  }
}
