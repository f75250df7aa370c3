import { priceOf } from './listing'

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
