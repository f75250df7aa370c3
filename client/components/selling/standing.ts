import type { Ticket } from '@/lib/api'
import { count } from '@/lib/money'

/** How a ticket stands, for its seller: what is taken is reserved by somebody who may still pay, or sold. */
export type Standing = {
  /** Large, on the stub. */
  short: string
  /** In a sentence. */
  long: string
  spent: boolean
}

export function standingOf(ticket: Ticket, locale: string): Standing {
  const { quantity, available } = ticket
  // A seller may have taken back units while buyers were quicker: as many as are offered count.
  const sold = Math.min(ticket.sold, quantity - available)
  const reserved = quantity - available - sold
  if (quantity === 1) {
    if (sold > 0) return { short: 'Sold', long: 'Somebody has bought it.', spent: true }
    return reserved > 0
      ? { short: 'Reserved', long: 'Somebody has reserved it, and may still pay.', spent: true }
      : { short: 'On sale', long: 'Nobody has ordered it yet.', spent: false }
  }
  const some = (value: number) => count(value, locale)
  if (available === quantity) {
    return {
      short: `${some(available)} on sale`,
      long: 'Nobody has ordered any of them yet.',
      spent: false,
    }
  }
  const parts = [
    ...(sold > 0 ? [`${some(sold)} of ${some(quantity)} sold`] : []),
    ...(reserved > 0
      ? [`${some(reserved)}${sold > 0 ? '' : ` of ${some(quantity)}`} reserved`]
      : []),
  ]
  const long = `${parts.join(', ')}.`
  if (available > 0) {
    return { short: `${some(available)} of ${some(quantity)} left`, long, spent: false }
  }
  return { short: reserved > 0 ? 'All taken' : 'Sold out', long, spent: true }
}

/** Whether its event has begun: it can still be ordered, which its seller may not want. */
export function hasBegun(ticket: Ticket, now: number): boolean {
  return ticket.event?.startsAt !== undefined && Date.parse(ticket.event.startsAt) <= now
}
