import { Link } from '@/components/ui/link'
import { edit } from '@/lib/actions/selling'
import type { Ticket } from '@/lib/api'
import { valuesOf } from '@/lib/listing'
import { visitorLocale } from '@/lib/session'
import { LiveRefresh } from '../live-refresh'
import { Differences, Kept } from '../sell/kept'
import { ListingForm } from '../sell/listing-form'
import { ButtonLink } from '../ui/button-link'
import { Notice } from '../ui/notice'
import { PageHead } from '../ui/page-head'
import styles from './selling.module.css'
import { hasBegun, standingOf } from './standing'

/** One's own ticket, to change or withdraw. */
export async function EditPage({
  ticket,
  etag,
  now,
}: {
  ticket: Ticket
  etag?: string
  now: number
}) {
  const standing = standingOf(ticket, await visitorLocale())
  const path = `/my-tickets/${ticket.id}`
  const values = valuesOf(ticket)
  const taken = ticket.quantity - ticket.available
  const fixed = ticket.quantity === 1 && taken === 1
  return (
    <>
      <LiveRefresh url={`/api/tickets/${ticket.id}/live`} event="ticket" version={ticket.version} />
      <p className={styles.back}>
        <Link href="/my-tickets">
          <span aria-hidden="true">←</span>Your tickets for sale
        </Link>
      </p>
      <PageHead title="Edit ticket" lead={standing.long}>
        <ButtonLink href={`${path}/share`} look="quiet">
          Share
        </ButtonLink>
      </PageHead>
      {fixed ? (
        <div className={styles.happened}>
          <Notice tone="wait" title="It cannot be changed at the moment.">
            <p>
              Whoever ordered it did so as it is. If they do not pay in time it is on sale again by
              itself, and you can change it then.
            </p>
          </Notice>
        </div>
      ) : hasBegun(ticket, now) && ticket.available > 0 ? (
        <div className={styles.happened}>
          <Notice tone="wait" title="Its event has begun, and it is still on sale.">
            <p>Give it another date if it has one, or withdraw it.</p>
          </Notice>
        </div>
      ) : null}
      <ListingForm
        action={edit}
        values={{ ...values, etag: etag ?? '', seen: JSON.stringify(values) }}
        ticketId={ticket.id}
        taken={taken}
      >
        <Kept name="etag" />
        <Kept name="seen" />
        <Differences />
      </ListingForm>
      {ticket.available > 0 ? (
        <div className={styles.below}>
          <ButtonLink href={`${path}/withdraw`} look="danger">
            {taken > 0 ? 'Stop selling…' : 'Withdraw from sale…'}
          </ButtonLink>
          <p className="soft">You will be asked once more.</p>
        </div>
      ) : null}
    </>
  )
}
