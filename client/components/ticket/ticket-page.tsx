import { Link } from '@/components/ui/link'
import { orders, type Ticket } from '@/lib/api'
import { dateParts, longDate } from '@/lib/dates'
import { newKey } from '@/lib/forms'
import { currentUser, visitorLocale } from '@/lib/session'
import { ZoneLine } from '../ui/own-time'
import { BuyStub, type Visitor } from './buy-stub'
import styles from './ticket-page.module.css'

/** One ticket, large: what it is on the paper, and on the stub what it costs, what is left, and how to have it. */
export async function TicketPage({ ticket }: { ticket: Ticket }) {
  const [user, locale] = await Promise.all([currentUser(), visitorLocale()])
  const visitor: Visitor = !user
    ? { kind: 'anybody' }
    : user.id === ticket.userId
      ? { kind: 'seller' }
      : { kind: 'buyer', formKey: newKey(), orderId: await ownOrder(ticket) }
  const { event } = ticket
  const date = event?.startsAt ? dateParts(event.startsAt, event.timeZone, locale) : undefined
  return (
    <>
      <p className={styles.back}>
        <Link href="/">
          <span aria-hidden="true">← </span>All tickets
        </Link>
      </p>
      <article className={styles.ticket}>
        <div className={styles.body}>
          {event && event.name !== ticket.title ? (
            <p className={styles.event}>{event.name}</p>
          ) : null}
          <h1 className={styles.title}>{ticket.title}</h1>
          <dl className={styles.facts}>
            {event?.startsAt && date ? (
              <div>
                <dt>When</dt>
                <dd>
                  <time dateTime={event.startsAt}>
                    {longDate(event.startsAt, event.timeZone, locale)}
                  </time>
                  <span className={styles.zone}>
                    <ZoneLine iso={event.startsAt} timeZone={event.timeZone} locale={locale} />
                  </span>
                </dd>
              </div>
            ) : null}
            {event?.venue ? (
              <div>
                <dt>Where</dt>
                <dd>{event.venue}</dd>
              </div>
            ) : null}
            {event ? null : (
              <div>
                <dt>When and where</dt>
                <dd>The seller named no event.</dd>
              </div>
            )}
          </dl>
          {ticket.description ? (
            <div className={styles.description}>
              <h2 className={styles.about}>About this ticket</h2>
              <p>{ticket.description}</p>
            </div>
          ) : null}
        </div>
        <BuyStub key={ticket.id} ticket={ticket} visitor={visitor} locale={locale} />
      </article>
    </>
  )
}

/** The order that has a ticket of one unit, where it is the visitor's own. */
async function ownOrder(ticket: Ticket): Promise<string | undefined> {
  if (!ticket.orderId) return undefined
  const answer = await orders.show(ticket.orderId)
  return answer.ok ? answer.data.id : undefined
}
