import { TicketStub } from '@/components/ticket/ticket-stub'
import { Money } from '@/components/ui/money'
import { Trouble } from '@/components/ui/trouble'
import { tickets } from '@/lib/api'

export default async function BrowsePage() {
  const answer = await tickets.list({ limit: 24 })
  if (!answer.ok) return <Trouble problem={answer.problem} path="/" />
  return (
    <>
      <h1>Find your seat.</h1>
      {answer.data.map((ticket) => (
        <TicketStub
          key={ticket.id}
          href={`/tickets/${ticket.id}`}
          title={ticket.title}
          event={ticket.event}
          price={<Money amount={ticket.price} currency={ticket.currency} />}
          note={`${ticket.available} left`}
        />
      ))}
    </>
  )
}
