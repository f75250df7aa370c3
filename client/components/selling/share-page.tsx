import type { Ticket } from '@/lib/api'
import { visitorLocale } from '@/lib/session'
import { siteOrigin } from '@/lib/site'
import { TicketStub } from '../ticket/ticket-stub'
import { ButtonLink } from '../ui/button-link'
import { Money } from '../ui/money'
import { PageHead } from '../ui/page-head'
import { CopyLink } from './copy-link'
import styles from './selling.module.css'
import { standingOf } from './standing'

/** Where a seller lands once a ticket is up: that it is on sale, and the address to tell others. */
export async function SharePage({ ticket, fresh }: { ticket: Ticket; fresh: boolean }) {
  const path = `/tickets/${ticket.id}`
  const address = new URL(path, await siteOrigin()).href
  const standing = standingOf(ticket, await visitorLocale())
  return (
    <>
      <PageHead
        title={fresh ? 'It is on sale' : 'Share your ticket'}
        lead={
          fresh
            ? 'Buyers find it in the list from now on. Pass the link on to those you know.'
            : 'Whoever has the link can see the ticket and buy it.'
        }
      />
      <div className={styles.narrow}>
        <TicketStub
          title={ticket.title}
          event={ticket.event}
          level={2}
          price={<Money amount={ticket.price} currency={ticket.currency} />}
          note={standing.short}
          spent={standing.spent}
        />
        <CopyLink address={address} label="Link to your ticket" />
        <div className={styles.buttons}>
          <ButtonLink href={path} look="quiet">
            See it as buyers do
          </ButtonLink>
          <ButtonLink href="/my-tickets" look="quiet">
            Your tickets for sale
          </ButtonLink>
          <ButtonLink href="/sell" look="quiet">
            Sell another
          </ButtonLink>
        </div>
      </div>
    </>
  )
}
