import 'server-only'
import { call } from './fetch'
import type { components, operations } from './schema'

/** What the API offers, by what pages ask for. Thin: names, and nothing that decides. */

export type Ticket = components['schemas']['Ticket']
export type TicketEvent = components['schemas']['TicketEvent']
export type NewTicket = components['schemas']['NewTicket']
export type TicketEdit = components['schemas']['TicketEdit']
export type Order = components['schemas']['Order']
export type Payment = components['schemas']['Payment']
export type Refund = components['schemas']['Refund']
export type IssuedReceipt = components['schemas']['Receipt']
export type Balance = components['schemas']['Balance']
export type Sale = components['schemas']['Sale']
export type Dispute = components['schemas']['Dispute']
export type User = components['schemas']['SignedIn']
export { mayRepeat, type Problem } from './errors'
export type { Answer } from './fetch'

type TicketFilter = NonNullable<operations['listTickets']['parameters']['query']>
type OrderFilter = NonNullable<operations['listOrders']['parameters']['query']>
type SaleFilter = NonNullable<operations['listSales']['parameters']['query']>
type Credentials = components['schemas']['Credentials']

export const users = {
  current: () => call('get', '/api/users/currentuser'),
  signUp: (body: Credentials, idempotencyKey?: string) =>
    call('post', '/api/users/signup', { body, idempotencyKey }),
  signIn: (body: Credentials) => call('post', '/api/users/signin', { body }),
  signOut: () => call('post', '/api/users/signout'),
  signOutEverywhere: () => call('post', '/api/users/signout-everywhere'),
  changePassword: (body: components['schemas']['NewPassword'], idempotencyKey?: string) =>
    call('post', '/api/users/change-password', { body, idempotencyKey }),
  export: () => call('get', '/api/users/export'),
  deleteAccount: (body: components['schemas']['ProvenByPassword'], idempotencyKey?: string) =>
    call('delete', '/api/users/me', { body, idempotencyKey }),
}

export const tickets = {
  list: (query: TicketFilter) => call('get', '/api/tickets', { query }),
  show: (id: string) => call('get', '/api/tickets/{id}', { path: { id } }),
  create: (body: NewTicket, idempotencyKey: string) =>
    call('post', '/api/tickets', { body, idempotencyKey }),
  edit: (id: string, body: TicketEdit, ifMatch: string | undefined, idempotencyKey: string) =>
    call('put', '/api/tickets/{id}', { path: { id }, body, ifMatch, idempotencyKey }),
  withdraw: (id: string, idempotencyKey: string) =>
    call('delete', '/api/tickets/{id}', { path: { id }, idempotencyKey }),
}

export const orders = {
  list: (query: OrderFilter) => call('get', '/api/orders', { query }),
  show: (id: string) => call('get', '/api/orders/{id}', { path: { id } }),
  place: (body: components['schemas']['NewOrder'], idempotencyKey: string) =>
    call('post', '/api/orders', { body, idempotencyKey }),
  cancel: (id: string, idempotencyKey: string) =>
    call('delete', '/api/orders/{id}', { path: { id }, idempotencyKey }),
}

export const payments = {
  pay: (body: components['schemas']['NewPayment'], idempotencyKey: string) =>
    call('post', '/api/payments', { body, idempotencyKey }),
  /** No key: who asks again, on whichever page, is shown the same payment. */
  checkOut: (body: components['schemas']['NewCheckout']) =>
    call('post', '/api/payments/checkouts', { body }),
  show: (id: string) => call('get', '/api/payments/{id}', { path: { id } }),
  /** The attempts to pay an order, oldest first. */
  ofOrder: (orderId: string) => call('get', '/api/payments', { query: { orderId } }),
  receipt: (id: string) => call('get', '/api/payments/{id}/receipt', { path: { id } }),
  refund: (id: string, body: components['schemas']['NewRefund'], idempotencyKey: string) =>
    call('post', '/api/payments/{id}/refunds', { path: { id }, body, idempotencyKey }),
  /** What one has earned, in each currency. */
  balance: () => call('get', '/api/payments/balance'),
  sales: (query: SaleFilter) => call('get', '/api/payments/sales', { query }),
}
