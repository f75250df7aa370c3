import type { Metadata } from 'next'
import { cache } from 'react'
import { EventData } from '@/components/ticket/event-data'
import { TicketPage } from '@/components/ticket/ticket-page'
import { Missing } from '@/components/ui/missing'
import { Trouble } from '@/components/ui/trouble'
import { tickets } from '@/lib/api'
import { shortDate } from '@/lib/dates'
import { money } from '@/lib/money'
import { isId } from '@/lib/paths'
import { visitorLocale } from '@/lib/session'

const show = cache((id: string) => tickets.show(id))

export async function generateMetadata({ params }: PageProps<'/tickets/[id]'>): Promise<Metadata> {
  const { id } = await params
  const answer = isId(id) ? await show(id) : undefined
  if (!answer?.ok) {
    const there = answer && answer.problem.kind !== 'missing'
    return { title: there ? 'Ticket' : 'Not found', robots: { index: false } }
  }
  const ticket = answer.data
  const locale = await visitorLocale()
  const { event } = ticket
  const description = [
    money(ticket.price, ticket.currency, locale),
    event?.name,
    event?.venue,
    event?.startsAt && shortDate(event.startsAt, event.timeZone, locale),
    ticket.description,
  ]
    .filter(Boolean)
    .join(' · ')
    .slice(0, 200)
  return {
    title: ticket.title,
    description,
    alternates: { canonical: `/tickets/${id}` },
    openGraph: { title: ticket.title, description, siteName: 'Ticketing', type: 'website' },
  }
}

export default async function Page({ params }: PageProps<'/tickets/[id]'>) {
  const { id } = await params
  if (!isId(id)) return <Missing />
  const answer = await show(id)
  if (!answer.ok) {
    if (answer.problem.kind === 'missing') return <Missing />
    return <Trouble problem={answer.problem} path={`/tickets/${id}`} />
  }
  return (
    <>
      <EventData ticket={answer.data} />
      <TicketPage ticket={answer.data} />
    </>
  )
}
