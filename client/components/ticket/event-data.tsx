import type { Ticket } from '@/lib/api'
import { plainAmount } from '@/lib/money'
import { pageNonce, siteOrigin } from '@/lib/site'

/** The ticket for search engines: schema.org's Event with its Offer, or a Product where no event is named. */
export async function EventData({ ticket }: { ticket: Ticket }) {
  const url = new URL(`/tickets/${ticket.id}`, await siteOrigin()).href
  const offer = {
    '@type': 'Offer',
    name: ticket.title,
    url,
    price: plainAmount(ticket.price, ticket.currency),
    priceCurrency: ticket.currency.toUpperCase(),
    availability: `https://schema.org/${ticket.available > 0 ? 'InStock' : 'SoldOut'}`,
    validFrom: ticket.createdAt,
  }
  const { event } = ticket
  const data = event?.startsAt
    ? {
        '@context': 'https://schema.org',
        '@type': 'Event',
        name: event.name,
        startDate: event.startsAt,
        eventStatus: 'https://schema.org/EventScheduled',
        location: event.venue
          ? { '@type': 'Place', name: event.venue, address: event.venue }
          : undefined,
        description: ticket.description,
        offers: offer,
      }
    : {
        '@context': 'https://schema.org',
        '@type': 'Product',
        name: ticket.title,
        description: ticket.description ?? event?.name,
        offers: offer,
      }
  // What people typed stands in here: nothing of it may end the script.
  const text = JSON.stringify(data).replaceAll('<', '\\u003c')
  return (
    <script
      type="application/ld+json"
      nonce={await pageNonce()}
      // biome-ignore lint/security/noDangerouslySetInnerHtml: JSON with every `<` escaped, as data
      dangerouslySetInnerHTML={{ __html: text }}
    />
  )
}
