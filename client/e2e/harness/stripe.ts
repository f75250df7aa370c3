import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Intent, Intents } from './stripe-intents.ts'
import { bankPage, cardFrame, challengeFrame, stripeJs } from './stripe-js.ts'

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

/** What is said, with a status. */
export type Said = [status: number, body: object]

/**
 * As much of Stripe as a browser meets: Checkout Sessions with their page, and PaymentIntents with Stripe.js, the frame that asks
 * for the card, 3-D Secure, and a bank that one is sent to.
 */
export class Stripe {
  /** `http://127.0.0.1:41234` */
  url = ''
  readonly intents = new Intents()
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
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url)
    const [area, ...rest] = pathname.slice(1).split('/')
    const form = new URLSearchParams(await bodyOf(request))
    const say = ([status, body]: Said) =>
      response
        .writeHead(status, {
          'content-type': 'application/json',
          'access-control-allow-origin': '*',
        })
        .end(JSON.stringify(body))
    if (area === 'v1' && request.headers.authorization === 'Bearer sk_test_e2e') {
      const key = String(request.headers['idempotency-key'])
      say(await this.api(request.method ?? '', rest, form, key))
    } else if (area === 'v1') {
      const given = request.method === 'POST' ? form : searchParams
      say(this.intents.forBrowser(request.method ?? '', rest, given))
    } else if (request.method === 'POST') {
      this.pressed(response, area ?? '', rest[0] ?? '', form)
    } else {
      this.show(response, pathname, area ?? '', rest[0] ?? '')
    }
  }

  private show(response: ServerResponse, path: string, area: string, id: string): void {
    const session = this.sessions.get(id)
    const intent = this.intents.named(id)
    if (area === 'v3') page(response, stripeJs, 'text/javascript')
    else if (area === 'frame') page(response, cardFrame)
    else if (area === '3ds' && intent) page(response, challengeFrame(intent))
    else if (area === 'bank' && intent) page(response, bankPage(intent))
    else if (area === 'pay' && session) page(response, pageOf(session))
    else response.writeHead(path === '/favicon.ico' ? 204 : 404).end()
  }

  /** A button on one of the pages. */
  private pressed(response: ServerResponse, area: string, id: string, form: URLSearchParams): void {
    const session = this.sessions.get(id)
    const intent = this.intents.named(id)
    if (area === 'pay' && session) {
      pay(session)
      response.writeHead(303, { location: session.form.get('success_url') ?? '' }).end()
    } else if (area === '3ds' && intent) {
      this.intents.authenticated(intent, form.get('answer') === 'yes')
      page(response, '<!doctype html><script>parent.postMessage("done", "*")</script>')
    } else if (area === 'bank' && intent) {
      this.intents.authenticated(intent, form.get('answer') === 'yes')
      response.writeHead(303, { location: backTo(intent) }).end()
    } else {
      response.writeHead(404).end()
    }
  }

  private async api(
    method: string,
    path: string[],
    form: URLSearchParams,
    key: string,
  ): Promise<Said> {
    const fault = (code: string) => ({ error: { type: 'invalid_request_error', code } })
    if (path[0] === 'payment_intents')
      return this.intents.forServer(method, path.slice(1), form, key)
    const [checkout, sessions, id, what] = path
    if (checkout !== 'checkout' || sessions !== 'sessions') return [404, fault('resource_missing')]
    if (method === 'POST' && !id) {
      if (this.made.has(key) && !this.made.get(key)) return [409, fault('idempotency_key_in_use')]
      return [200, shown(this.made.get(key) ?? (await this.make(key, form)))]
    }
    const session = this.sessions.get(id ?? '')
    if (!session) return [404, fault('resource_missing')]
    if (what === 'expire' && session.status !== 'open') return [400, fault('session_not_open')]
    if (what === 'expire') Object.assign(session, { status: 'expired', url: null })
    return [200, shown(session)]
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

function page(response: ServerResponse, text: string, type = 'text/html'): void {
  response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(text)
}

function shown({ form: _, ...session }: Session): object {
  return session
}

/** Where the bank's page leads, with what Stripe adds to that. */
function backTo({ id, client_secret, status, return_url }: Intent): string {
  const address = new URL(return_url)
  address.searchParams.set('payment_intent', id)
  address.searchParams.set('payment_intent_client_secret', client_secret)
  address.searchParams.set('redirect_status', status === 'succeeded' ? 'succeeded' : 'failed')
  return String(address)
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
