import type { MetadataRoute } from 'next'
import { type Ticket, tickets } from '@/lib/api'
import { siteOrigin } from '@/lib/site'

/** The newest tickets; search engines find older ones by following the pages of the list. */
const MOST = 1_000

export default async function sitemap(): Promise<MetadataRoute.Sitemap> {
  const origin = await siteOrigin()
  const found: Ticket[] = []
  let cursor: string | undefined
  do {
    const answer = await tickets.list({ limit: 100, cursor })
    if (!answer.ok) break
    found.push(...answer.data)
    cursor = answer.nextCursor
  } while (cursor && found.length < MOST)
  return [
    { url: new URL('/', origin).href, changeFrequency: 'always' },
    ...found.map((ticket) => ({ url: new URL(`/tickets/${ticket.id}`, origin).href })),
  ]
}
