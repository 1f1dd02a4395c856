import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { unawaited } from '../../runtime/awaitable.ts'
import type { Ports } from '../call/ports.ts'
import { endSessionById } from './end.ts'

/** A path of the internal server: never on a public ingress. */
export const GOSSIP_PATH = '/internal/sessions'
export const MAX_GOSSIP_BYTES = 1024 * 1024

const defaultMs = 5_000
const answerWithinMs = 2_000

/**
 * The position of the asking plane in the other plane's list of ended sessions, and the other's sessions that it has
 * served since.
 */
const Question = z.object({ epoch: z.string().max(64), at: z.int().min(0), used: z.array(z.uuid()).max(10_000) })
const Answer = z.object({ epoch: z.string().max(64), next: z.int().min(0), ended: z.array(z.uuid()) })

type Needs = Pick<Ports, 'sessions' | 'upstream' | 'policy' | 'node'>

interface Options {
  /** Posts a message to another plane, and resolves with its answer. */
  post(node: string, path: string, body: string, signal: AbortSignal): Promise<string>
  everyMs?: number
}

/**
 * What planes tell each other of legacy sessions. Each plane asks every other every few seconds which sessions have
 * ended, and says which of the other's sessions it has served. So a plane that was away learns what it missed, and a
 * home knows that a session is in use.
 */
export class SessionGossip {
  private readonly ports: Needs
  private readonly options: Options
  private readonly places = new Map<string, { epoch: string; at: number }>()
  /** Planes that are being asked. */
  private readonly asking = new Map<string, Promise<void>>()
  private readonly unfollow: () => void
  private readonly timer: NodeJS.Timeout

  constructor(ports: Needs, options: Options) {
    this.ports = ports
    this.options = options
    this.timer = setInterval(() => {
      const others = this.others()
      ports.sessions.keepGuestsOf(others)
      unawaited(this.askAll(others))
    }, options.everyMs ?? defaultMs).unref()
    this.unfollow = ports.policy.onChange(() => unawaited(this.askAll(this.others().filter((id) => !this.places.has(id)))))
  }

  /** Resolves once every plane that can be reached has answered, or after two seconds. */
  async start(): Promise<void> {
    await Promise.race([this.askAll(this.others()), delay(answerWithinMs, undefined, { ref: false })])
  }

  /** The answer to another plane's question. Throws when the question is malformed. */
  answer(body: string): string {
    const { epoch, at, used } = Question.parse(JSON.parse(body))
    const { sessions, node } = this.ports
    const nowMs = Date.now()
    for (const id of used) if (!sessions.isEnded(id)) sessions.use({ id, home: node }, undefined, nowMs)
    return JSON.stringify(sessions.ended.after(epoch, at))
  }

  close(): void {
    clearInterval(this.timer)
    this.unfollow()
  }

  private others(): string[] {
    const { policy, node } = this.ports
    try {
      return policy.current().planes.flatMap(({ id, internalUrl }) => (id === node || internalUrl === undefined ? [] : [id]))
    } catch {
      return [] // no policy yet: nobody is served either
    }
  }

  private async askAll(planes: readonly string[]): Promise<void> {
    await Promise.allSettled(planes.map((id) => this.ask(id)))
  }

  /** Whoever asks while an answer is under way waits for that answer. */
  private ask(plane: string): Promise<void> {
    const answer = this.asking.get(plane) ?? this.readAll(plane).finally(() => this.asking.delete(plane))
    this.asking.set(plane, answer)
    return answer
  }

  private async readAll(plane: string): Promise<void> {
    while (await this.page(plane));
  }

  /** True when the other plane has more to tell. */
  private async page(plane: string): Promise<boolean> {
    const { sessions } = this.ports
    const place = this.places.get(plane) ?? { epoch: '', at: 0 }
    const used = sessions.guestsOf(plane)
    const answer = await this.options.post(plane, GOSSIP_PATH, JSON.stringify({ ...place, used }), AbortSignal.timeout(answerWithinMs))
    const { epoch, next, ended } = Answer.parse(JSON.parse(answer))
    sessions.markReported(plane, used)
    for (const id of ended) if (!sessions.isEnded(id)) endSessionById(this.ports, id)
    this.places.set(plane, { epoch, at: next })
    return ended.length > 0
  }
}
