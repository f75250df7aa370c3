import { type Order, orders, type Ticket, tickets } from '@/lib/api'
import { plural } from '@/lib/money'
import { standingOf, standingWords } from '@/lib/order-standing'
import { visitorLocale } from '@/lib/session'
import { FocusRefresh } from '../focus-refresh'
import { TicketStub } from '../ticket/ticket-stub'
import { ButtonLink } from '../ui/button-link'
import { Empty } from '../ui/empty'
import { Money } from '../ui/money'
import { PageHead } from '../ui/page-head'
import { Trouble } from '../ui/trouble'
import { When } from '../ui/when'
import styles from './order-list.module.css'

const PAGE = 20

/** One's own orders, newest first; those that wait for payment say so. */
export async function OrderList({ cursor }: { cursor?: string }) {
  const path = cursor ? `/orders?cursor=${encodeURIComponent(cursor)}` : '/orders'
  const answer = await orders.list({ sort: '-createdAt', limit: PAGE, cursor })
  if (!answer.ok) return <Trouble problem={answer.problem} path={cursor ? '/orders' : path} />
  if (answer.data.length === 0 && !cursor) {
    return (
      <Empty title="No orders yet" level={1}>
        <p>Once you order a ticket, it is held here while you pay, and kept here once you have.</p>
        <ButtonLink href="/">Browse tickets</ButtonLink>
      </Empty>
    )
  }
  const shown = await ticketsOf(answer.data)
  return (
    <>
      <FocusRefresh />
      <PageHead title="Your orders" />
      <ul className={styles.list}>
        {answer.data.map((order) => (
          <li key={order.id}>
            <Row order={order} ticket={shown.get(order.ticket.id)} />
          </li>
        ))}
      </ul>
      {cursor || answer.nextCursor ? (
        <nav className={styles.pages} aria-label="Pages of orders">
          {cursor ? (
            <ButtonLink href="/orders" look="quiet">
              Newest orders
            </ButtonLink>
          ) : null}
          {answer.nextCursor ? (
            <ButtonLink href={`/orders?cursor=${encodeURIComponent(answer.nextCursor)}`}>
              Older orders
            </ButtonLink>
          ) : null}
        </nav>
      ) : null}
    </>
  )
}

async function Row({ order, ticket }: { order: Order; ticket?: Ticket }) {
  const locale = await visitorLocale()
  // What became of the money is told by the order's own page.
  const standing = standingOf(order, [])
  const over = standing === 'cancelled' || standing === 'expired'
  return (
    <TicketStub
      href={`/orders/${order.id}`}
      title={order.ticket.title}
      event={ticket?.event}
      level={2}
      price={<Money amount={order.total} currency={order.currency} exact />}
      note={
        <>
          {plural(order.quantity, 'ticket', 'tickets', locale)}
          <br />
          <strong>{over ? 'Ended' : standingWords[standing].short}</strong>
        </>
      }
      spent={over}
    >
      <p className="small soft">
        Ordered <When iso={order.createdAt} />
      </p>
    </TicketStub>
  )
}

/** An order remembers a ticket's title and price; when and where it is, the ticket itself tells. */
async function ticketsOf(list: Order[]): Promise<Map<string, Ticket>> {
  const ids = [...new Set(list.map((order) => order.ticket.id))]
  const answers = await Promise.all(ids.map((id) => tickets.show(id)))
  const found = answers.flatMap((answer) => (answer.ok ? [answer.data] : []))
  return new Map(found.map((ticket) => [ticket.id, ticket]))
}
