'use server'

import { refresh } from 'next/cache'
import { RedirectType, redirect } from 'next/navigation'
import { orders, payments } from '../api'
import { type FormState, failed, invalid, keyOf, text } from '../forms'
import { signInFor } from '../paths'
import { sandboxToken } from '../sandbox'

/** Pays an order with the outcome that was picked in the sandbox's panel. */
export async function payInSandbox(state: FormState, data: FormData): Promise<FormState> {
  const token = sandboxToken(text(data, 'outcome'))
  if (!token) return invalid(state, data, { outcome: 'Please pick what the bank should answer.' })
  return pay(state, data, token)
}

/** Pays with the token that a provider's panel made of a card. */
async function pay(state: FormState, data: FormData, token: string): Promise<FormState> {
  const orderId = text(data, 'orderId')
  const path = `/orders/${orderId}`
  const answer = await payments.pay({ orderId, token }, keyOf(data))
  if (answer.ok) redirect(path, RedirectType.replace)
  if (answer.problem.kind === 'signed-out') redirect(signInFor(path))
  // The order has ended, or has been paid elsewhere: the page shows that by itself.
  const order = await orders.show(orderId)
  if (order.ok && (order.data.status === 'complete' || order.data.status === 'cancelled')) {
    redirect(path, RedirectType.replace)
  }
  refresh()
  const { problem } = answer
  const declined = problem.kind === 'refused'
  return failed(state, data, {
    ...problem,
    message: declined
      ? `${problem.message} Nothing was charged: try again, or with another card.`
      : problem.message,
  })
}
