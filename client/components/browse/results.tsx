import { TicketStub } from '@/components/ticket/ticket-stub'
import { ButtonLink } from '@/components/ui/button-link'
import { Empty } from '@/components/ui/empty'
import { Link } from '@/components/ui/link'
import { Money } from '@/components/ui/money'
import { Trouble } from '@/components/ui/trouble'
import { type Ticket, tickets } from '@/lib/api'
import { addressOf, narrowed, onThoseDays, queryOf, type Search, sorts } from '@/lib/browse'
import { count } from '@/lib/money'
import { visitorLocale } from '@/lib/session'
import styles from './browse.module.css'

const PAGE = 24

/** One page of the tickets that are looked for. */
export async function Results({ search }: { search: Search }) {
  const answer = await tickets.list(queryOf(search, PAGE))
  if (!answer.ok) {
    // A cursor from another search, or one typed by hand.
    if (answer.problem.kind === 'refused') return <Lost search={search} />
    return <Trouble problem={answer.problem} path={addressOf(search)} level={2} />
  }
  const found = answer.data.filter((ticket) => onThoseDays(search, ticket.event))
  const more = answer.nextCursor ? addressOf(search, { cursor: answer.nextCursor }) : undefined
  if (found.length === 0 && !more) return <Nothing search={search} />
  return (
    <section aria-labelledby="results-title">
      <div className={styles.head}>
        <h2 id="results-title">{search.q ? `Tickets for “${search.q}”` : 'On sale now'}</h2>
        <Sorting search={search} />
      </div>
      <ul className={styles.list}>
        {found.map((ticket) => (
          <li key={ticket.id}>
            <Row ticket={ticket} />
          </li>
        ))}
      </ul>
      {search.cursor || more ? (
        <nav className={styles.pages} aria-label="Pages of tickets">
          {search.cursor ? (
            <ButtonLink href={addressOf(search, { cursor: '' })} look="quiet">
              First page
            </ButtonLink>
          ) : null}
          {more ? <ButtonLink href={more}>More tickets</ButtonLink> : null}
        </nav>
      ) : null}
    </section>
  )
}

async function Row({ ticket }: { ticket: Ticket }) {
  const locale = await visitorLocale()
  return (
    <TicketStub
      href={`/tickets/${ticket.id}`}
      title={ticket.title}
      event={ticket.event}
      price={<Money amount={ticket.price} currency={ticket.currency} />}
      note={ticket.available === 1 ? 'Last one' : `${count(ticket.available, locale)} left`}
    />
  )
}

function Sorting({ search }: { search: Search }) {
  return (
    <nav className={styles.sorting} aria-label="Order of the tickets">
      {sorts.map((sort) => (
        <Link
          key={sort.value}
          href={addressOf(search, { sort: sort.value })}
          scroll={false}
          aria-current={sort.value === search.sort ? 'true' : undefined}
        >
          {sort.label}
        </Link>
      ))}
    </nav>
  )
}

function Nothing({ search }: { search: Search }) {
  return narrowed(search) ? (
    <Empty title="No ticket fits that">
      <p>Try fewer words, other days or a wider price.</p>
      <ButtonLink href="/">Show all tickets</ButtonLink>
    </Empty>
  ) : (
    <Empty title="No tickets yet">
      <p>Nothing is on sale at the moment. Have a ticket to spare? Yours would be the first.</p>
      <ButtonLink href="/sell">Sell a ticket</ButtonLink>
    </Empty>
  )
}

function Lost({ search }: { search: Search }) {
  return (
    <Empty title="This page of the list is not there any more">
      <p>Start again from the first page.</p>
      <ButtonLink href={addressOf(search, { cursor: '' })}>First page</ButtonLink>
    </Empty>
  )
}
