import type { Ticket } from '@/lib/api'
import { count } from '@/lib/money'

/**
 * How a ticket stands, as far as its seller can know: what is taken is reserved by somebody who may still pay, or sold.
 */
export type Standing = {
  /** Large, on the stub. */
  short: string
  /** In a sentence. */
  long: string
  spent: boolean
}

export function standingOf(ticket: Ticket, locale: string): Standing {
  const { quantity, available } = ticket
  const taken = quantity - available
  const some = (value: number) => count(value, locale)
  if (quantity === 1) {
    return taken > 0
      ? { short: 'Reserved or sold', long: 'Somebody has reserved or bought it.', spent: true }
      : { short: 'On sale', long: 'Nobody has ordered it yet.', spent: false }
  }
  if (taken === 0) {
    return {
      short: `${some(available)} on sale`,
      long: 'Nobody has ordered any of them yet.',
      spent: false,
    }
  }
  const long = `${some(taken)} of ${some(quantity)} reserved or sold.`
  return available === 0
    ? { short: 'Sold out', long, spent: true }
    : { short: `${some(available)} of ${some(quantity)} left`, long, spent: false }
}

/** Whether its event has begun: it can still be ordered, which its seller may not want. */
export function hasBegun(ticket: Ticket, now: number): boolean {
  return ticket.event?.startsAt !== undefined && Date.parse(ticket.event.startsAt) <= now
}
