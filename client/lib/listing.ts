import type { NewTicket, Ticket, TicketEdit } from './api'
import { decimals, plainAmount } from './money'
import { localOf, momentOf } from './zones'

/** What a seller says of a ticket: from the fields of a form to what the API takes, and back. */

export type Listing = Omit<TicketEdit, 'quantity'> & { quantity: number }

/** The API tells whether it knows the zone. */
type Zone = NonNullable<TicketEdit['event']>['timeZone']
type Values = Record<string, string>
type Faults = Record<string, string>

/** The fields, in the order of the form, as they are called. */
export const fieldNames: Record<string, string> = {
  title: 'Title',
  description: 'Description',
  price: 'Price',
  quantity: 'How many',
  'event.name': 'Event',
  'event.venue': 'Venue',
  'event.startsAt': 'Starts at',
  'event.timeZone': 'Time zone',
}

/** The fields' texts, or what is wrong with them. `seen` is what they held when the form was shown. */
export function listingOf(
  values: Values,
  now: number,
  seen: Values = {},
): { ok: true; listing: Listing } | { ok: false; fields: Faults } {
  const fields: Faults = {}
  const value = (name: string) => (values[name] ?? '').replaceAll('\r\n', '\n').trim()
  const short = (name: string, most: number) => {
    const text = value(name)
    if (length(text) > most) fields[name] = `At most ${most} characters, please.`
    return text
  }
  const title = short('title', 200)
  if (title === '') fields.title = 'Please give it a title: it is what buyers see first.'
  const price = priceOf(value('price'), value('currency'))
  if ('wrong' in price) fields.price = price.wrong
  const quantity = /^\d{1,9}$/.test(value('quantity')) ? Number(value('quantity')) : 0
  if (quantity < 1 || quantity > 100_000) {
    fields.quantity = 'A whole number from 1 to 100000, please.'
  }
  const description = short('description', 5_000)
  const name = short('event.name', 200)
  const venue = short('event.venue', 200)
  const start = startOf(value('event.startsAt'), value('event.timeZone'))
  if (start && 'wrong' in start) fields[start.field] = start.wrong
  const moved = ['event.startsAt', 'event.timeZone'].some((key) => value(key) !== seen[key])
  if (start && 'at' in start && moved && start.at.getTime() <= now) {
    fields['event.startsAt'] = 'That time has passed already.'
  }
  if (Object.keys(fields).length > 0 || 'wrong' in price) return { ok: false, fields }
  const when = start && 'at' in start ? start : undefined
  const event =
    name || venue || when
      ? {
          name: name || title,
          venue: venue || null,
          startsAt: when?.at.toISOString() ?? null,
          timeZone: (when?.timeZone ?? null) as Zone,
        }
      : null
  return {
    ok: true,
    listing: { title, price: price.text, description: description || null, quantity, event },
  }
}

/** The same, as it is sent to put a ticket up: what it does not have is left out. */
export function newTicketOf(listing: Listing, currency: string): NewTicket {
  return { ...listing, currency } as NewTicket
}

/** What the fields hold for a ticket. */
export function valuesOf(ticket: Ticket): Values {
  const { event } = ticket
  // Without a zone it is shown in UTC everywhere else, too.
  const zone = event?.timeZone ?? 'UTC'
  return {
    title: ticket.title,
    description: ticket.description ?? '',
    price: plainAmount(ticket.price, ticket.currency).replace(/\.0+$/, ''),
    currency: ticket.currency,
    quantity: String(ticket.quantity),
    'event.name': event && event.name !== ticket.title ? event.name : '',
    'event.venue': event?.venue ?? '',
    'event.startsAt': event?.startsAt ? localOf(event.startsAt, zone) : '',
    'event.timeZone': event?.startsAt ? zone : '',
  }
}

/** The fields in which two differ. */
export function differing(one: Values, other: Values): string[] {
  return Object.keys(fieldNames).filter((name) => {
    const text = (values: Values) => (values[name] ?? '').replaceAll('\r\n', '\n').trim()
    return text(one) !== text(other)
  })
}

/** What is asked for one: `20`, `20.50` or `20,50`. */
export function priceOf(text: string, currency: string): { text: string } | { wrong: string } {
  if (text === '') return { wrong: 'Please say what one ticket costs.' }
  if (!/^[a-z]{3}$/.test(currency)) return { wrong: 'Please choose a currency.' }
  const places = decimals(currency)
  const amount = /^(\d{1,9})(?:[.,](\d+))?$/.exec(text)
  if (!amount) {
    const example = places > 0 ? '1000 or 20.50' : '1000'
    return { wrong: `A plain amount, please, such as ${example}.` }
  }
  const [, whole = '', fraction = ''] = amount
  if (fraction.length > places) {
    return {
      wrong: places === 0 ? 'A whole amount, please.' : `At most ${places} decimals, please.`,
    }
  }
  const plain = fraction ? `${Number(whole)}.${fraction}` : String(Number(whole))
  if (Number(plain) <= 0) return { wrong: 'It must cost more than nothing.' }
  if (Number(plain) > 1_000_000) return { wrong: 'At most 1000000, please.' }
  return { text: plain }
}

/** The API names its fields in its sentences; on the page they stand below them already. */
export function besideFields(fields: Faults): Faults {
  return Object.fromEntries(
    Object.entries(fields).map(([name, said]) => [
      name,
      said.replace(/^([A-Za-z]+(\.[A-Za-z]+)? )?(must|has) /, 'This $3 '),
    ]),
  )
}

function startOf(
  local: string,
  timeZone: string,
): { at: Date; timeZone: string } | { field: string; wrong: string } | undefined {
  if (local === '') return undefined
  const found = momentOf(local, timeZone || 'UTC')
  if ('wrong' in found && found.wrong === 'malformed') {
    const wrong = 'A day and a time, please, such as 2030-05-31T20:00.'
    return { field: 'event.startsAt', wrong }
  }
  if (timeZone === '') {
    return { field: 'event.timeZone', wrong: 'Please choose the time zone of the place.' }
  }
  if ('at' in found) return { at: found.at, timeZone }
  return found.wrong === 'zone'
    ? { field: 'event.timeZone', wrong: 'This time zone is not known. Please choose another.' }
    : {
        field: 'event.startsAt',
        wrong: 'Clocks there are put forward at that hour, so it does not exist on that day.',
      }
}

function length(text: string): number {
  return [...text].length
}
