import { type APIResponse, type BrowserContext, expect, type Page } from '@playwright/test'
import { Watch } from './watch.ts'

export const PASSWORD = 'correct horse battery'

export type Ticket = {
  id: string
  title: string
  price: number
  version: number
  available: number
  quantity: number
}
export type Order = { id: string; status: string; expiresAt: string }

export type NewTicket = {
  title?: string
  price?: number
  currency?: string
  quantity?: number
  description?: string
  event?: { name: string; venue?: string; startsAt?: string; timeZone?: string }
}

let people = 0

/** Somebody with a browser of their own: one page, and the API as their other device. */
export class Person {
  readonly email: string
  readonly watch: Watch

  constructor(
    readonly name: string,
    readonly context: BrowserContext,
    readonly page: Page,
    email?: string,
  ) {
    people += 1
    this.email = email ?? `${name}-${process.pid}-${people}@example.org`
    this.watch = new Watch(name, page)
  }

  /** Makes an account without the pages, for tests that are about something else. */
  async signUp(): Promise<this> {
    const credentials = { email: this.email, password: PASSWORD }
    await this.call('POST', '/api/users/signup', credentials)
    return this
  }

  async call<T = unknown>(method: string, path: string, data?: unknown): Promise<T> {
    const answer = await this.answer(method, path, data)
    const said = await answer.text()
    expect(answer.ok(), `${method} ${path}: ${answer.status()} ${said}`).toBe(true)
    return (said ? JSON.parse(said) : undefined) as T
  }

  /** Like `call`, for what may be refused. */
  answer(method: string, path: string, data?: unknown): Promise<APIResponse> {
    return this.context.request.fetch(path, { method, data, failOnStatusCode: false })
  }

  sell(ticket: NewTicket = {}): Promise<Ticket> {
    return this.call('POST', '/api/tickets', { title: 'Front row', price: 35, ...ticket })
  }

  async order(ticket: Ticket, quantity = 1): Promise<Order> {
    const order = { ticketId: ticket.id, quantity }
    let answer = await this.answer('POST', '/api/orders', order)
    // A ticket that was put up a moment ago may still be on its way to the orders.
    await expect(async () => {
      if (answer.status() === 404) answer = await this.answer('POST', '/api/orders', order)
      expect(answer.status()).toBe(201)
    }).toPass()
    return answer.json()
  }

  pay(order: Order, token = 'tok_visa'): Promise<APIResponse> {
    return this.answer('POST', '/api/payments', { orderId: order.id, token })
  }

  orders(): Promise<Order[]> {
    return this.call('GET', '/api/orders')
  }

  payments(order: { id: string }): Promise<{ id: string; status: string }[]> {
    return this.call('GET', `/api/payments?orderId=${order.id}`)
  }

  /** Opens a page, and waits until its scripts have taken over, where there are any. */
  async goto(path: string): Promise<void> {
    await this.page.goto(path)
    await this.scripted()
  }

  async reload(): Promise<void> {
    await this.page.reload()
    await this.scripted()
  }

  private async scripted(): Promise<void> {
    if (this.watch.scripts) await this.page.waitForFunction(isScripted)
  }

  get headline() {
    return this.page.getByRole('heading', { level: 1 })
  }

  button(name: string | RegExp) {
    return this.page.getByRole('button', { name })
  }

  link(name: string | RegExp) {
    return this.page.getByRole('link', { name })
  }

  see(text: string | RegExp) {
    return expect(this.page.getByText(text).first()).toBeVisible()
  }
}

/** React marks what it has taken over. */
function isScripted(): boolean {
  return Object.keys(document.body).some((key) => key.startsWith('__react'))
}
