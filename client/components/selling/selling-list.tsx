import { Link } from '@/components/ui/link'
import { type Ticket, tickets } from '@/lib/api'
import { requireUser, visitorLocale } from '@/lib/session'
import { FocusRefresh } from '../focus-refresh'
import { TicketStub } from '../ticket/ticket-stub'
import { ButtonLink } from '../ui/button-link'
import { Empty } from '../ui/empty'
import { Money } from '../ui/money'
import { Notice } from '../ui/notice'
import { PageHead } from '../ui/page-head'
import { Trouble } from '../ui/trouble'
import styles from './selling.module.css'
import { hasBegun, standingOf } from './standing'
import { Watch } from './watch'
import { WATCHED } from './watched'

const PAGE = 20

/** What happened just before one came here. */
export type Done = 'saved' | 'withdrawn' | 'stopped'

/** One's own tickets, newest first, those too of which nothing is left. */
export async function SellingList({ cursor, done }: { cursor?: string; done?: Done }) {
  const user = await requireUser('/my-tickets')
  const answer = await tickets.list({ seller: user.id, limit: PAGE, cursor })
  if (!answer.ok) return <Trouble problem={answer.problem} path="/my-tickets" />
  const list = answer.data
  if (list.length === 0 && !cursor) {
    return (
      <>
        <Happened done={done} />
        <Empty title="Nothing for sale" level={1}>
          <p>Have a ticket that somebody else would be happier with? Put it up in a minute.</p>
          <ButtonLink href="/sell">Sell a ticket</ButtonLink>
          <ButtonLink href="/my-tickets/sales" look="quiet">
            Your sales
          </ButtonLink>
        </Empty>
      </>
    )
  }
  return (
    <>
      <FocusRefresh />
      <Watch tickets={list.map(({ id, version, title }) => ({ id, version, title }))} />
      <PageHead title="Your tickets for sale">
        <ButtonLink href="/my-tickets/sales" look="quiet">
          Your sales
        </ButtonLink>
        <ButtonLink href="/sell">Sell another</ButtonLink>
      </PageHead>
      <Happened done={done} />
      <ul className={styles.list}>
        {list.map((ticket) => (
          <li key={ticket.id} {...{ [WATCHED]: ticket.id }}>
            <Row ticket={ticket} now={answer.serverNow} />
          </li>
        ))}
      </ul>
      {cursor || answer.nextCursor ? (
        <nav className={styles.pages} aria-label="Pages of tickets">
          {cursor ? (
            <ButtonLink href="/my-tickets" look="quiet">
              Newest tickets
            </ButtonLink>
          ) : null}
          {answer.nextCursor ? (
            <ButtonLink href={`/my-tickets?cursor=${encodeURIComponent(answer.nextCursor)}`}>
              Older tickets
            </ButtonLink>
          ) : null}
        </nav>
      ) : null}
    </>
  )
}

async function Row({ ticket, now }: { ticket: Ticket; now: number }) {
  const locale = await visitorLocale()
  const standing = standingOf(ticket, locale)
  const path = `/my-tickets/${ticket.id}`
  return (
    <TicketStub
      href={`/tickets/${ticket.id}`}
      title={ticket.title}
      event={ticket.event}
      level={2}
      price={<Money amount={ticket.price} currency={ticket.currency} />}
      note={<strong>{standing.short}</strong>}
      spent={standing.spent}
    >
      <div className={styles.row}>
        {ticket.available < ticket.quantity ? (
          <p className={styles.standing}>{standing.long}</p>
        ) : null}
        {hasBegun(ticket, now) && ticket.available > 0 ? (
          <p className={styles.begun}>Its event has begun, and it is still on sale.</p>
        ) : null}
        <ul className={styles.links}>
          {links(path, ticket).map(({ href, label }) => (
            <li key={href}>
              <Link className={styles.link} href={href}>
                {label}
                <span className="hidden">: {ticket.title}</span>
              </Link>
            </li>
          ))}
        </ul>
      </div>
    </TicketStub>
  )
}

function links(path: string, ticket: Ticket): { href: string; label: string }[] {
  const end = ticket.available < ticket.quantity ? 'Stop selling' : 'Withdraw'
  return [
    { href: path, label: 'Edit' },
    { href: `${path}/share`, label: 'Share' },
    ...(ticket.available > 0 ? [{ href: `${path}/withdraw`, label: end }] : []),
  ]
}

function Happened({ done }: { done?: Done }) {
  if (!done) return null
  const words = {
    saved: ['Saved.', 'Buyers see it as it is now.'],
    withdrawn: ['The ticket is withdrawn.', 'Nobody can order it any more.'],
    stopped: ['No more are sold.', 'Those who have reserved or bought some keep them.'],
  }[done]
  return (
    <div className={styles.happened} role="status">
      <Notice tone="good" title={words[0] ?? ''}>
        <p>{words[1]}</p>
      </Notice>
    </div>
  )
}
