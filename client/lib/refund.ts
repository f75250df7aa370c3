import type { Payment, Sale } from './api'
import { priceOf } from './listing'
import { exactSum, givenBack } from './order-standing'

/** What a seller gives back: from the fields of a form to what the API takes. */
export type AskedRefund = { amount: number; units: number; reason: string }

export function refundOf(
  values: { amount: string; units: string; reason: string },
  currency: string,
): { ok: true; refund: AskedRefund } | { ok: false; fields: Record<string, string> } {
  const fields: Record<string, string> = {}
  const amount = priceOf(values.amount, currency)
  if (values.amount === '') fields.amount = 'Please say how much goes back.'
  else if ('wrong' in amount) fields.amount = amount.wrong
  // Without the field no ticket goes back on sale.
  const units = /^\d{0,6}$/.test(values.units) ? Number(values.units) : Number.NaN
  if (Number.isNaN(units)) fields.units = 'A whole number, please.'
  const reason = values.reason.replaceAll('\r\n', '\n')
  if (reason === '') fields.reason = 'Please say why: the buyer will ask.'
  else if ([...reason].length > 500) fields.reason = 'At most 500 characters, please.'
  if (Object.keys(fields).length > 0 || 'wrong' in amount) return { ok: false, fields }
  return { ok: true, refund: { amount: Number(amount.text), units, reason } }
}

/** Whether the buyer's bank has money of it, and has not decided: nothing can be given back before. */
export function isHeld({ dispute }: Pick<Payment, 'dispute'>): boolean {
  return dispute?.status === 'open' && dispute.taken > 0
}

/** How much of a payment its seller can still give back. */
export function leftToRefund(payment: Pick<Payment, 'amount' | 'refunds' | 'dispute'>): number {
  const { done, moving } = givenBack([payment])
  const lost = payment.dispute?.status === 'lost' ? payment.dispute.taken : 0
  return Math.max(exactSum([payment.amount, -done, -moving, -lost]), 0)
}

/** Whether something of a sale is left to give back, and may be. */
export function canBeRefunded(
  sale: Pick<Sale, 'total' | 'refunded' | 'dispute' | 'disputed'>,
): boolean {
  if (sale.dispute === 'open' && sale.disputed > 0) return false
  return exactSum([sale.total, -sale.refunded, -sale.disputed]) > 0
}
