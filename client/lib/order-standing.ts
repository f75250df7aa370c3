import type { Order, Payment, Refund } from './api'

/** How an order stands for its buyer: the order's own status, and what became of the money. */
export type Standing =
  | 'open'
  | 'paying'
  | 'paid'
  /** Given up while a payment was under way, of which nothing is known yet. */
  | 'settling'
  /** Expired, and the money came after that: it is being seen whether the ticket is still free. */
  | 'late'
  /** Expired, and another order is complete in its place. */
  | 'replaced'
  /** Paid, but too late or given up: the money goes back. */
  | 'refunding'
  | 'refunded'
  | 'cancelled'
  | 'expired'

export function standingOf(
  order: Pick<Order, 'status' | 'cancelledBy' | 'paymentId' | 'replacedBy'>,
  payments: (Pick<Payment, 'status'> & { id?: string })[],
): Standing {
  switch (order.status) {
    case 'created':
      return 'open'
    case 'awaiting:payment':
      // Without one on its way, the last one was declined, and its buyer may try another. The order hears of that a
      // moment after the payment itself says so, and after its buyer was told.
      return order.paymentId && !declined(order.paymentId, payments) ? 'paying' : 'open'
    case 'complete':
      return 'paid'
    case 'cancelled':
      if (order.replacedBy) return 'replaced'
      if (payments.some(({ status }) => status === 'refunding')) return 'refunding'
      if (payments.some(({ status }) => status === 'captured')) {
        return order.cancelledBy === 'expiry' ? 'late' : 'refunding'
      }
      if (payments.some(({ status }) => status === 'started')) return 'settling'
      if (payments.some((payment) => payment.status === 'refunded')) return 'refunded'
      return order.cancelledBy === 'expiry' ? 'expired' : 'cancelled'
  }
}

function declined(id: string, payments: { id?: string; status: Payment['status'] }[]): boolean {
  return payments.some((payment) => payment.id === id && payment.status === 'declined')
}

/** Whether it may still change without its buyer doing anything. */
export function isMoving(standing: Standing): boolean {
  switch (standing) {
    case 'open':
    case 'paying':
    case 'settling':
    case 'late':
    case 'refunding':
      return true
    case 'paid':
    case 'replaced':
    case 'refunded':
    case 'cancelled':
    case 'expired':
      return false
  }
}

/**
 * The payment that is left to watch, of an order that has ended: one that is not settled yet; or, of one that is
 * complete, what it was paid with, some of which may be given back.
 */
export function unsettled<P extends Pick<Payment, 'status'>>(
  order: Pick<Order, 'status'>,
  payments: P[],
): P | undefined {
  if (order.status === 'complete') return payments.findLast(({ status }) => status === 'captured')
  if (order.status !== 'cancelled') return undefined
  return payments.findLast(
    ({ status }) => status === 'started' || status === 'captured' || status === 'refunding',
  )
}

/** What was given back, or is on its way, of what a complete order was paid with. */
export type GivenBack = {
  refunds: Refund[]
  /** How much of it is back. */
  done: number
  /** How much is still on its way. */
  moving: number
  /** How many of the tickets its buyer does not hold any more, once all of it is back. */
  units: number
}

export function givenBack(payments: Pick<Payment, 'refunds'>[]): GivenBack {
  const refunds = payments.flatMap((payment) => payment.refunds ?? [])
  const sum = (status: Refund['status']) =>
    exactSum(refunds.filter((refund) => refund.status === status).map(({ amount }) => amount))
  return {
    refunds,
    done: sum('refunded'),
    moving: sum('refunding'),
    units: refunds.reduce((units, refund) => units + refund.units, 0),
  }
}

/** In thousandths, which no currency is finer than: sums of fractions are not exact otherwise. */
export function exactSum(amounts: number[]): number {
  return amounts.reduce((sum, amount) => sum + Math.round(amount * 1000), 0) / 1000
}

export const standingWords: Record<Standing, { headline: string; lead: string; short: string }> = {
  open: {
    headline: 'Held for you',
    lead: 'Pay before the time is up, and it is yours.',
    short: 'Waiting for payment',
  },
  paying: {
    headline: 'Your payment is on its way',
    lead: 'This page shows the answer as soon as it is in.',
    short: 'Payment under way',
  },
  paid: {
    headline: 'It’s yours',
    lead: 'Thank you. You find this page again under your orders.',
    short: 'Paid',
  },
  settling: {
    headline: 'Order cancelled',
    lead: 'The bank has not answered yet. Should it still take money, all of it comes back.',
    short: 'Cancelled',
  },
  late: {
    headline: 'Your payment has come late',
    lead: 'The bank has taken it after the time was up. If the ticket is still free it is yours; if not, all of the money comes back.',
    short: 'Payment came late',
  },
  replaced: {
    headline: 'It’s yours after all',
    lead: 'Your payment came after the time was up, but the ticket was still free. A new order holds it, at the price you paid.',
    short: 'Paid late',
  },
  refunding: {
    headline: 'Your money is on its way back',
    lead: 'The payment came too late for this order, so all of it is returned.',
    short: 'Refund under way',
  },
  refunded: {
    headline: 'Your money is back',
    lead: 'The payment came too late for this order, so all of it was returned.',
    short: 'Refunded',
  },
  cancelled: {
    headline: 'Order cancelled',
    lead: 'The ticket is back on sale, and you were not charged.',
    short: 'Cancelled',
  },
  expired: {
    headline: 'The time to pay is over',
    lead: 'The ticket is back on sale, and you were not charged.',
    short: 'Not paid in time',
  },
}
