import 'server-only'
import { cookies, headers } from 'next/headers'
import { type Problem, problemOf, unreachable } from './errors'
import { apiOrigin } from './origin'
import type { paths } from './schema'

/**
 * The door to the API: every call of the client's server goes through here. (The browser itself only opens event
 * streams, `lib/live.ts`.) A call never throws: it answers with what was asked for, or with a `Problem`.
 */
export async function call<P extends keyof paths, M extends MethodOf<P>>(
  method: M,
  path: P,
  options: CallOptions<P, M> = {},
): Promise<Answer<Success<P, M>>> {
  const requestHeaders = await headersToPassOn(options)
  const address = new URL(filled(path, options.path), apiOrigin(path))
  for (const [name, value] of Object.entries(options.query ?? {})) {
    if (value !== undefined && value !== null && value !== '') {
      address.searchParams.set(name, String(value))
    }
  }
  let answer: Response
  try {
    answer = await fetch(address, {
      method: method.toUpperCase(),
      headers: requestHeaders,
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      cache: 'no-store',
      redirect: 'error',
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
    const body = await bodyOf(answer)
    if (!answer.ok) return { ok: false, problem: problemOf(answer, body) }
    return {
      ok: true,
      data: body as Success<P, M>,
      serverNow: serverNow(answer),
      nextCursor: nextCursor(answer),
      etag: answer.headers.get('etag') ?? undefined,
      setCookies: answer.headers.getSetCookie(),
    }
  } catch {
    return { ok: false, problem: unreachable(requestHeaders.get('x-request-id') ?? undefined) }
  }
}

export type Answer<T> =
  | {
      ok: true
      data: T
      /** What the API's clock said, in milliseconds since 1970. */
      serverNow: number
      /** Where a list goes on. */
      nextCursor?: string
      etag?: string
      setCookies: string[]
    }
  | { ok: false; problem: Problem }

/** Longer than the 20 s that the API itself takes at most, over a payment. */
const PATIENCE_MS = 25_000

type MethodOf<P extends keyof paths> = {
  [M in 'get' | 'post' | 'put' | 'delete']: paths[P][M & keyof paths[P]] extends {
    responses: object
  }
    ? M
    : never
}['get' | 'post' | 'put' | 'delete']

type Operation<P extends keyof paths, M> = M extends keyof paths[P] ? paths[P][M] : never

type Success<P extends keyof paths, M> =
  Operation<P, M> extends { responses: infer R }
    ? { [S in 200 | 201 | 204]: S extends keyof R ? JsonOf<R[S]> : never }[200 | 201 | 204]
    : never

type JsonOf<R> = R extends { content: { 'application/json': infer T } } ? T : undefined

type CallOptions<P extends keyof paths, M> = {
  path?: Operation<P, M> extends { parameters: { path: infer T } } ? T : undefined
  query?: Operation<P, M> extends { parameters: { query?: infer T } } ? T : undefined
  body?: Operation<P, M> extends { requestBody?: infer B }
    ? NonNullable<B> extends { content: { 'application/json': infer T } }
      ? T
      : undefined
    : undefined
  /** Makes a double click, a retry and a re-post one thing: the form's hidden key. */
  idempotencyKey?: string
  /** Changes only the version that has this entity tag. */
  ifMatch?: string
}

/** The visitor's session and address, and what names the request in the logs. */
async function headersToPassOn(options: {
  body?: unknown
  idempotencyKey?: string
  ifMatch?: string
}): Promise<Headers> {
  const result = new Headers({ accept: 'application/json' })
  const [jar, incoming] = await Promise.all([cookies(), headers()])
  const session = jar.get('session')?.value
  if (session) result.set('cookie', `session=${session}`)
  const requestId = incoming.get('x-request-id')
  if (requestId) result.set('x-request-id', requestId)
  // Where the visitor is: where the payment provider's page leads back to.
  const host = incoming.get('x-forwarded-host') ?? incoming.get('host')
  if (host) result.set('x-forwarded-host', host)
  result.set('x-forwarded-proto', incoming.get('x-forwarded-proto') ?? 'http')
  const key = process.env.TICKETING_CLIENT_KEY
  // The last is what the proxy before us saw; those before it are what the visitor claims.
  const address = incoming.get('x-forwarded-for')?.split(',').at(-1)?.trim()
  if (key && address) {
    // The API believes the address only together with the key.
    result.set('x-ticketing-client', key)
    result.set('x-forwarded-for', address)
  }
  if (options.body !== undefined) result.set('content-type', 'application/json')
  if (options.idempotencyKey) result.set('idempotency-key', options.idempotencyKey)
  if (options.ifMatch) result.set('if-match', options.ifMatch)
  return result
}

function filled(path: string, values: unknown): string {
  const known = (values ?? {}) as Record<string, string>
  return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(known[name] ?? ''))
}

async function bodyOf(answer: Response): Promise<unknown> {
  const text = await answer.text()
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The `Date` header tells whole seconds; the middle of that second is the best guess. */
function serverNow(answer: Response): number {
  const date = Date.parse(answer.headers.get('date') ?? '')
  return Number.isNaN(date) ? Date.now() : date + 500
}

function nextCursor(answer: Response): string | undefined {
  const next = /<([^>]*)>;\s*rel="next"/.exec(answer.headers.get('link') ?? '')?.[1]
  if (!next) return undefined
  return new URL(next, 'http://localhost').searchParams.get('cursor') ?? undefined
}
