'use server'

import { refresh } from 'next/cache'
import { redirect } from 'next/navigation'
import { payments } from '../api'
import { type FormState, failed, invalid, keyOf, text } from '../forms'
import { money } from '../money'
import { signInFor } from '../paths'
import { refundOf } from '../refund'
import { visitorLocale } from '../session'

/** Gives money of a sale back, once what was written has been read back and sent again as it was. */
export async function refund(state: FormState, data: FormData): Promise<FormState> {
  const id = text(data, 'paymentId')
  const values = {
    amount: text(data, 'amount'),
    units: text(data, 'units'),
    reason: text(data, 'reason'),
  }
  const checked = refundOf(values, text(data, 'currency'))
  if (!checked.ok) return asking(invalid(state, data, checked.fields), '')
  const asked = JSON.stringify(checked.refund)
  if (asked !== text(data, 'asked')) {
    const { amount, units } = checked.refund
    const sum = money(amount, text(data, 'currency'), await visitorLocale(), true)
    const many = units === 1 ? '1 ticket goes' : `${units} tickets go`
    const sale = units > 0 ? `${many} back on sale.` : 'No ticket goes back on sale.'
    const message = `You give back ${sum}. ${sale} It cannot be undone: confirm it below.`
    return { ...asking(invalid(state, data, {}, message), asked), tone: 'wait' }
  }
  const answer = await payments.refund(id, checked.refund, keyOf(data))
  const path = `/my-tickets/sales/${id}/refund`
  if (answer.ok) redirect(`${path}?done`)
  if (answer.problem.kind === 'signed-out') redirect(signInFor(path))
  // Something else was given back meanwhile: the page then says how much is left.
  refresh()
  return failed(state, data, answer.problem)
}

/** The state, with what the seller is asked to confirm. */
function asking(state: FormState, asked: string): FormState {
  return { ...state, values: { ...state.values, asked } }
}
