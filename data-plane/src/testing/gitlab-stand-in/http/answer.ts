/** What the stand-in answers: JSON, or text as it is. */
export interface Answer {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export const ok = (body: unknown, headers?: Readonly<Record<string, string>>): Answer => ({
  status: 200,
  body,
  ...(headers && { headers }),
})
export const created = (body: unknown): Answer => ({ status: 201, body })

export const noContent: Answer = { status: 204, body: undefined }

/** A refusal of GitLab, with the body that it would send. */
export class Refusal extends Error {
  readonly answer: Answer

  constructor(status: number, body: object) {
    super(`GitLab answers ${status}`)
    this.answer = { status, body }
  }
}

export const notFound = (what: string) => new Refusal(404, { message: `404 ${what} Not Found` })
export const forbidden = () => new Refusal(403, { message: '403 Forbidden' })
export const badRequest = (reason: string) => new Refusal(400, { message: `400 Bad request - ${reason}` })
/** What Grape, GitLab's layer of parameters, says of a parameter. */
export const badParameter = (reason: string) => new Refusal(400, { error: reason })
/** How GitLab words some refusals of a person who is known: not a token that is bad. */
export const unauthorized = () => new Refusal(401, { message: '401 Unauthorized' })
