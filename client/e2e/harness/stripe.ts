import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** How long it takes to make a session, in milliseconds. A second call with the same key is refused meanwhile. */
const MAKING_MS = 50

type Session = {
  id: string
  status: 'open' | 'complete' | 'expired'
  url: string | null
  payment_intent: object | null
  /** As it was asked for. */
  form: URLSearchParams
}

/** As much of Stripe as there is to its Checkout Sessions: the API, and the page with the button. */
export class Stripe {
  /** `http://127.0.0.1:41234` */
  url = ''
  private readonly sessions = new Map<string, Session>()
  /** By idempotency key; `undefined` while it is being made. */
  private readonly made = new Map<string, Session | undefined>()
  private readonly server = createServer((request, response) => {
    this.answer(request, response).catch((error) => response.writeHead(500).end(String(error)))
  })

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve))
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
    return this
  }

  end(): void {
    this.server.close()
    this.server.closeAllConnections()
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', this.url)
    const [area, ...rest] = pathname.slice(1).split('/')
    const form = new URLSearchParams(await bodyOf(request))
    if (area === 'v1' && request.headers.authorization === 'Bearer sk_test_e2e') {
      return this.api(request, response, rest, form)
    }
    const session = area === 'pay' ? this.sessions.get(rest[0] ?? '') : undefined
    if (!session) {
      response.writeHead(pathname === '/favicon.ico' ? 204 : 404).end()
    } else if (request.method === 'POST') {
      pay(session)
      response.writeHead(303, { location: session.form.get('success_url') ?? '' }).end()
    } else {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(pageOf(session))
    }
  }

  private async api(
    request: IncomingMessage,
    response: ServerResponse,
    path: string[],
    form: URLSearchParams,
  ): Promise<void> {
    const say = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    const fault = (code: string) => ({ error: { type: 'invalid_request_error', code } })
    const [checkout, sessions, id, what] = path
    if (checkout !== 'checkout' || sessions !== 'sessions') {
      say(404, fault('resource_missing'))
    } else if (request.method === 'POST' && !id) {
      const key = String(request.headers['idempotency-key'])
      if (this.made.has(key) && !this.made.get(key)) {
        say(409, fault('idempotency_key_in_use'))
        return
      }
      say(200, shown(this.made.get(key) ?? (await this.make(key, form))))
    } else {
      const session = this.sessions.get(id ?? '')
      if (!session) {
        say(404, fault('resource_missing'))
      } else if (what === 'expire' && session.status !== 'open') {
        say(400, fault('session_not_open'))
      } else {
        if (what === 'expire') Object.assign(session, { status: 'expired', url: null })
        say(200, shown(session))
      }
    }
  }

  private async make(key: string, form: URLSearchParams): Promise<Session> {
    this.made.set(key, undefined)
    await new Promise((resolve) => setTimeout(resolve, MAKING_MS))
    const id = `cs_test_${this.sessions.size + 1}`
    const url = `${this.url}/pay/${id}`
    const session: Session = { id, status: 'open', url, payment_intent: null, form }
    this.sessions.set(id, session)
    this.made.set(key, session)
    return session
  }
}

function shown({ form: _, ...session }: Session): object {
  return session
}

function pay(session: Session): void {
  const { form, id, status } = session
  if (status !== 'open') return
  session.status = 'complete'
  session.url = null
  session.payment_intent = {
    id: id.replace('cs', 'pi'),
    status: 'succeeded',
    amount: Number(form.get('line_items[0][price_data][unit_amount]')),
    currency: form.get('line_items[0][price_data][currency]'),
    metadata: {
      payment: form.get('payment_intent_data[metadata][payment]'),
      order: form.get('payment_intent_data[metadata][order]'),
    },
  }
}

function pageOf({ form, status }: Session): string {
  const amount = Number(form.get('line_items[0][price_data][unit_amount]')) / 100
  const button = status === 'open' ? `<button>Pay ${amount.toFixed(2)}</button>` : 'Over.'
  return `<!doctype html><html lang="en"><title>Checkout</title><h1>Stripe’s page</h1>
    <form method="post">${button}</form><a href="${form.get('cancel_url')}">Back</a></html>`
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const piece of request) body += piece
  return body
}
