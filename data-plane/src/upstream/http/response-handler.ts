import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import { BodyDecoder, codingOf } from './encoding/body-decoder.ts'
import type { Coding } from './encoding/body-decoder.ts'
import { EventFlow } from './event-flow.ts'
import { withoutBom } from '../../json/byte-order-mark.ts'
import { protocolFault, networkFault, timeoutFault, sizeFault } from '../faults.ts'
import type { HttpPool } from './pool.ts'
import { ChunkBuffer } from './chunk-buffer.ts'
import type { ExchangeAnswer, ExchangeRequest } from './types.ts'

type Kind = ExchangeAnswer['kind']

/** Of an answer that is neither JSON nor a stream, the first bytes are kept for the record. */
const maxOtherBytes = 4096
/** A stream that its reader stopped has this long to end by itself, so that its connection can be used again. */
const lingerMs = 1000
const noHeaders: IncomingHttpHeaders = {}

/** Makes one result of the callbacks by which undici reports one answer. */
export class ResponseHandler implements Dispatcher.DispatchHandler {
  /** True until this has resolved or rejected. */
  waiting = true
  private readonly pool: HttpPool
  private readonly request: ExchangeRequest
  private readonly resolve: (answer: ExchangeAnswer) => void
  private readonly reject: (error: Error) => void
  private readonly stopTimers: (() => void)[] = []
  private controller: Dispatcher.DispatchController | undefined
  private abortReason: Error | undefined
  private kind: Kind = 'other'
  private status = 0
  private headers = noHeaders
  private readonly body = new ChunkBuffer()
  private flow: EventFlow | undefined
  /** Only for a compressed body. */
  private decoder: BodyDecoder | undefined
  private stopLinger: (() => void) | undefined

  constructor(pool: HttpPool, request: ExchangeRequest, resolve: (answer: ExchangeAnswer) => void, reject: (error: Error) => void) {
    this.pool = pool
    this.request = request
    this.resolve = resolve
    this.reject = reject
    const { cancel, timeoutToHeadersMs, timeoutMs } = request
    pool.enter()
    if (timeoutMs === undefined || timeoutToHeadersMs < timeoutMs)
      this.stopTimers.push(pool.timers.after(timeoutToHeadersMs, () => this.status === 0 && this.fail(timeoutFault(timeoutToHeadersMs))))
    if (timeoutMs !== undefined) this.stopTimers.push(pool.timers.after(timeoutMs, () => this.fail(timeoutFault(timeoutMs))))
    if (cancel?.cancelled) cancel.subscribe((cause) => this.fail(cause))()
    else if (cancel) this.stopTimers.push(cancel.subscribe((cause) => this.fail(cause)))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller
    if (this.abortReason) controller.abort(this.abortReason)
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return
    this.status = status
    this.headers = headers
    try {
      const coding = codingOf(headers['content-encoding'])
      if (coding) this.decoder = this.decode(coding, controller)
      this.request.onHeaders?.(status, headers)
    } catch (error) {
      return this.fail(networkFault(error, true))
    }
    this.kind = kindOf(headers['content-type'])
    if (this.kind === 'stream') this.openStream(controller)
  }

  private decode(coding: Coding, controller: Dispatcher.DispatchController): BodyDecoder {
    return new BodyDecoder(coding, {
      onData: (chunk) => this.take(chunk),
      onEnd: () => this.endBody(),
      onFault: (fault) => this.fail(fault),
      pause: () => controller.pause(),
      resume: () => controller.resume(),
    })
  }

  private openStream(controller: Dispatcher.DispatchController): void {
    const { onEvent, maxBytes, maxEvents = Number.POSITIVE_INFINITY } = this.request
    if (!onEvent) return this.fail(protocolFault('a stream where none was asked for'))
    this.flow = new EventFlow({
      onEvent,
      maxEventBytes: maxBytes,
      maxEvents,
      pause: () => (this.decoder ? this.decoder.hold() : controller.pause()),
      resume: () => (this.decoder ? this.decoder.goOn() : controller.resume()),
      fail: (error) => this.fail(error),
      done: (stopped) => this.finishStream(stopped),
    })
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.waiting) return
    if (this.decoder) return this.decoder.push(chunk)
    this.take(chunk)
  }

  /** Limits count what is decoded. */
  private take(chunk: Buffer): void {
    if (!this.waiting) return
    if (this.flow) return this.flow.push(chunk)
    const bytes = this.body.bytes + chunk.length
    if (this.kind === 'other' && bytes > maxOtherBytes) return this.finishOther(chunk)
    if (bytes > this.request.maxBytes) return this.fail(sizeFault(this.request.maxBytes))
    this.body.add(chunk)
  }

  /** Does not wait for the rest of an answer that is neither JSON nor a stream. */
  private finishOther(chunk: Buffer): void {
    this.body.add(chunk)
    this.finish({
      kind: 'other',
      status: this.status,
      headers: this.headers,
      text: this.body.take().toString('utf8', 0, maxOtherBytes),
    })
    this.abort(new Error('the rest is of no use'))
  }

  onResponseEnd(): void {
    this.stopLinger?.()
    if (!this.waiting) return
    if (this.decoder) return this.decoder.end()
    this.endBody()
  }

  private endBody(): void {
    if (!this.waiting) return
    if (this.flow) return this.flow.end()
    const { kind, status, headers } = this
    const bytes = withoutBom(this.body.take())
    if (kind === 'json' && !isUtf8(bytes)) return this.fail(protocolFault('text that is no UTF-8'))
    const text = bytes.toString('utf8')
    this.finish(kind === 'json' ? { kind, status, headers, text } : { kind: 'other', status, headers, text })
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.stopLinger?.()
    if (this.flow?.breakOff(error)) return
    this.fail(this.abortReason ?? networkFault(error, this.status > 0))
  }

  private finishStream(stopped: boolean): void {
    const { status, headers, flow } = this
    this.finish({ kind: 'stream', status, headers, retryMs: flow?.retryMs })
    if (stopped) this.stopLinger = this.pool.timers.after(lingerMs, () => this.abort(new Error('the stream has said all it had to')))
  }

  private fail(error: Error): void {
    if (!this.waiting) return
    this.release()
    this.abort(error)
    this.reject(error)
  }

  private abort(reason: Error): void {
    this.abortReason = reason
    this.controller?.abort(reason)
  }

  private finish(answer: ExchangeAnswer): void {
    if (!this.waiting) return
    this.release()
    this.resolve(answer)
  }

  private release(): void {
    this.waiting = false
    this.decoder?.destroy()
    this.pool.leave()
    for (const stop of this.stopTimers) stop()
  }
}

/** `json` includes types such as `application/problem+json`. */
function kindOf(contentType: string | undefined): Kind {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase()
  if (type === 'text/event-stream') return 'stream'
  return type === 'application/json' || type?.endsWith('+json') ? 'json' : 'other'
}
