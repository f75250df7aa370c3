'use server'

import { refresh } from 'next/cache'
import { redirect } from 'next/navigation'
import { orders } from '../api'
import { type FormState, failed, invalid, keyOf, text } from '../forms'
import { signInFor } from '../paths'

/** Reserves a ticket at the price that its buyer saw. */
export async function buy(state: FormState, data: FormData): Promise<FormState> {
  const ticketId = text(data, 'ticketId')
  const quantity = Number(text(data, 'quantity') || '1')
  if (!Number.isInteger(quantity) || quantity < 1) {
    return invalid(state, data, { quantity: 'A whole number from 1 on, please.' })
  }
  const order = { ticketId, quantity, price: Number(text(data, 'price')) }
  const key = keyOf(data)
  let answer = await orders.place(order, key)
  if (!answer.ok && answer.problem.kind === 'missing') {
    // A ticket that was put up a moment ago may still be on its way to the orders.
    await new Promise((resolve) => setTimeout(resolve, 150))
    answer = await orders.place(order, `${key}-again`)
  }
  if (answer.ok) redirect(`/orders/${answer.data.id}`)
  if (answer.problem.kind === 'signed-out') redirect(signInFor(`/tickets/${ticketId}`))
  if (answer.problem.kind === 'conflict') refresh()
  return failed(state, data, answer.problem)
}

/** Gives up an order that is not paid. */
export async function cancel(state: FormState, data: FormData): Promise<FormState> {
  const id = text(data, 'orderId')
  const answer = await orders.cancel(id, keyOf(data))
  if (answer.ok) redirect(`/orders/${id}`)
  if (answer.problem.kind === 'signed-out') redirect(signInFor(`/orders/${id}`))
  refresh()
  return failed(state, data, answer.problem)
}
