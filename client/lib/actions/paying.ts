'use server'

import { refresh } from 'next/cache'
import { RedirectType, redirect } from 'next/navigation'
import { mayRepeat, orders, type Problem, payments } from '../api'
import { type FormState, failed, invalid, keyOf, text } from '../forms'
import { signInFor } from '../paths'
import { sandboxToken } from '../sandbox'

/** Pays an order with the outcome that was picked in the sandbox's panel. */
export async function payInSandbox(state: FormState, data: FormData): Promise<FormState> {
  const token = sandboxToken(text(data, 'outcome'))
  if (!token) return invalid(state, data, { outcome: 'Please pick what the bank should answer.' })
  return pay(state, data, token)
}

/** Leads to the provider's page for an order: the same one for as long as it is neither paid nor over. */
export async function payOnPage(state: FormState, data: FormData): Promise<FormState> {
  const orderId = text(data, 'orderId')
  const answer = await payments.checkOut({ orderId, place: 'page' })
  if (answer.ok && answer.data.url) redirect(answer.data.url)
  return unopened(state, data, answer.ok ? undefined : answer.problem)
}

/** What the provider's script is given to ask for the card in our page. */
export type ElementKeys = { clientSecret: string; publishableKey: string }

/** Begins to pay an order in our page; or leads to the provider's, where it has begun there. */
export async function payInElement(
  state: FormState,
  data: FormData,
): Promise<{ state: FormState; keys?: ElementKeys }> {
  const orderId = text(data, 'orderId')
  const answer = await payments.checkOut({ orderId, place: 'element' })
  if (!answer.ok) return { state: await unopened(state, data, answer.problem) }
  const { url, clientSecret, publishableKey } = answer.data
  if (clientSecret && publishableKey) {
    refresh()
    return { state, keys: { clientSecret, publishableKey } }
  }
  if (url) redirect(url)
  return { state: await unopened(state, data) }
}

/** There is nowhere to pay. */
async function unopened(state: FormState, data: FormData, why?: Problem): Promise<FormState> {
  const problem: Problem = why ?? {
    kind: 'refused',
    message: 'This site cannot take payments here. Please tell the people who run it.',
    fields: {},
  }
  await leaveIfOver(text(data, 'orderId'), problem)
  refresh()
  const message = mayRepeat(problem)
    ? 'The place to pay could not be opened just now. Please try again in a moment; if you have paid already, this page shows it by itself.'
    : problem.message
  return failed(state, data, { ...problem, message })
}

/** Pays with the token that a provider's panel made of a card. */
async function pay(state: FormState, data: FormData, token: string): Promise<FormState> {
  const orderId = text(data, 'orderId')
  const path = `/orders/${orderId}`
  const answer = await payments.pay({ orderId, token }, keyOf(data))
  if (answer.ok) redirect(path, RedirectType.replace)
  await leaveIfOver(orderId, answer.problem)
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

/** Away from a form that can do no more: to the sign-in, or to what the order has come to. */
async function leaveIfOver(orderId: string, problem: Problem): Promise<void> {
  const path = `/orders/${orderId}`
  if (problem.kind === 'signed-out') redirect(signInFor(path))
  // The order has ended, or has been paid elsewhere: the page shows that by itself.
  const order = await orders.show(orderId)
  if (order.ok && (order.data.status === 'complete' || order.data.status === 'cancelled')) {
    redirect(path, RedirectType.replace)
  }
}
