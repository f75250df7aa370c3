import type { components } from './schema'

/**
 * Why a call came to nothing, in the kinds that pages and forms tell apart. This is the only file that knows the
 * API's status codes.
 */
export type ProblemKind =
  /** What was sent breaks a rule, or the thing is in a state that does not allow it. */
  | 'refused'
  /** Nobody is signed in, or it is somebody else's. */
  | 'signed-out'
  | 'missing'
  /** Somebody else was first, or it has changed since it was shown. */
  | 'conflict'
  | 'too-many'
  /** The API cannot answer at the moment; the same request may be sent again. */
  | 'unavailable'
  /** The API could not be reached at all. */
  | 'unreachable'

export type Fault = components['schemas']['Fault']

export type Problem = {
  kind: ProblemKind
  /** In words for people: the first fault that names no field, else one of ours. */
  message: string
  /** What is wrong with which field. */
  fields: Record<string, string>
  /** Seconds until it is worth trying again, where the API says so. */
  retryAfter?: number
  /** Names the request in the server's log. */
  requestId?: string
}

/** What the API's answer to a failed call says. */
export function problemOf(answer: Response, body: unknown): Problem {
  const faults = faultsOf(body)
  const fields: Record<string, string> = {}
  for (const fault of faults) {
    if (fault.field && !(fault.field in fields)) fields[fault.field] = sentence(fault.message)
  }
  const kind = kindOf(answer.status)
  const said = faults.find((fault) => !fault.field)?.message
  const retryAfter = Number.parseInt(answer.headers.get('retry-after') ?? '', 10)
  return {
    kind,
    message: said
      ? sentence(said)
      : faults.length > 0
        ? 'Please look at the marked fields.'
        : wordsFor(kind),
    fields,
    retryAfter: Number.isFinite(retryAfter) ? retryAfter : undefined,
    requestId: answer.headers.get('x-request-id') ?? undefined,
  }
}

/** The problem of an API that did not answer. */
export function unreachable(requestId?: string): Problem {
  return { kind: 'unreachable', message: wordsFor('unreachable'), fields: {}, requestId }
}

/** Whether the outcome is unknown, so that the same request, with the same key, should be sent again. */
export function mayRepeat(problem: Problem): boolean {
  return problem.kind === 'unavailable' || problem.kind === 'unreachable'
}

function kindOf(status: number): ProblemKind {
  switch (status) {
    case 401:
    case 403:
      return 'signed-out'
    case 404:
    case 410:
      return 'missing'
    case 409:
    case 412:
    case 422:
      return 'conflict'
    case 429:
      return 'too-many'
    default:
      return status >= 500 ? 'unavailable' : 'refused'
  }
}

function wordsFor(kind: ProblemKind): string {
  switch (kind) {
    case 'refused':
      return 'That could not be done.'
    case 'signed-out':
      return 'Please sign in first.'
    case 'missing':
      return 'It is not there any more.'
    case 'conflict':
      return 'It has changed in the meantime. Have a look and try again.'
    case 'too-many':
      return 'That was a bit too often. Wait a moment and try again.'
    case 'unavailable':
      return 'The box office cannot answer right now. Nothing is lost; try again in a moment.'
    case 'unreachable':
      return 'The box office cannot be reached right now. Nothing is lost; try again in a moment.'
  }
}

/** The API's messages are without a full stop, since they may stand in the middle of something. */
function sentence(message: string): string {
  return /[.!?…]$/.test(message) ? message : `${message}.`
}

function faultsOf(body: unknown): Fault[] {
  if (typeof body !== 'object' || body === null || !('errors' in body)) return []
  const errors = (body as { errors: unknown }).errors
  if (!Array.isArray(errors)) return []
  return errors.filter(
    (fault): fault is Fault => typeof fault === 'object' && typeof fault?.message === 'string',
  )
}
