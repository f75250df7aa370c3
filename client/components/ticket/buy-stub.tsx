'use client'

import Link from 'next/link'
import { useRouter } from 'next/navigation'
import { useEffect, useRef, useState } from 'react'
import { buy } from '@/lib/actions/buying'
import type { Ticket } from '@/lib/api'
import { useLive } from '@/lib/live'
import { count, money } from '@/lib/money'
import { signInFor } from '@/lib/paths'
import { Form } from '../form/form'
import { Submit } from '../form/submit'
import { ButtonLink } from '../ui/button-link'
import { Quantity } from './quantity'
import styles from './ticket-page.module.css'

export type Visitor = { kind: 'anybody' } | { kind: 'seller' } | { kind: 'buyer'; formKey: string }

/** The stub of a ticket's page, which follows the ticket as others buy it, and as its seller changes it. */
export function BuyStub({
  ticket: shown,
  visitor,
  locale,
}: {
  ticket: Ticket
  visitor: Visitor
  locale: string
}) {
  const router = useRouter()
  const [live, setLive] = useState(shown)
  const [withdrawn, setWithdrawn] = useState(false)
  const [said, setSaid] = useState('')
  const ticket = live.version > shown.version ? live : shown
  const price = money(ticket.price, ticket.currency, locale)

  useLive<Ticket>(
    withdrawn ? null : `/api/tickets/${shown.id}/live`,
    'ticket',
    (next) => {
      setSaid(changeSaid(ticket, next, locale))
      setLive(next)
      // What is on the paper comes from the server; the stub is up to date by itself.
      if (next.title !== shown.title || next.description !== shown.description) router.refresh()
    },
    // The stream of a ticket ends for good when it is withdrawn.
    () => setWithdrawn(true),
  )

  return (
    <div className={styles.stub} data-spent={withdrawn || ticket.available === 0 || undefined}>
      <p className={styles.price}>
        {price}
        {ticket.quantity > 1 ? <span className={styles.each}> each</span> : null}
      </p>
      <p className={styles.left}>{withdrawn ? 'Withdrawn' : leftOf(ticket, locale)}</p>
      <p className="hidden" role="status">
        {withdrawn ? 'The seller has withdrawn this ticket.' : said}
      </p>
      {withdrawn ? <WithdrawnPart /> : <Offer ticket={ticket} visitor={visitor} locale={locale} />}
    </div>
  )
}

function Offer({ ticket, visitor, locale }: { ticket: Ticket; visitor: Visitor; locale: string }) {
  if (visitor.kind === 'seller') {
    return (
      <div className={styles.part}>
        <p>This ticket is yours.</p>
        <ButtonLink href={`/my-tickets/${ticket.id}`} wide>
          Edit ticket
        </ButtonLink>
      </div>
    )
  }
  if (ticket.available === 0) return <SoldOutPart ticket={ticket} />
  if (visitor.kind === 'anybody') {
    const path = `/tickets/${ticket.id}`
    return (
      <div className={styles.part}>
        <ButtonLink href={signInFor(path)} wide>
          Sign in to buy
        </ButtonLink>
        <p className={styles.fine}>
          New here?{' '}
          <Link href={signInFor(path).replace('/signin', '/signup')} prefetch={false}>
            Make an account
          </Link>
        </p>
      </div>
    )
  }
  return (
    <Form action={buy} formKey={visitor.formKey} label="Buy" className={styles.part}>
      <input type="hidden" name="ticketId" value={ticket.id} />
      <input type="hidden" name="price" value={ticket.price} />
      {ticket.quantity > 1 ? <Quantity ticket={ticket} locale={locale} /> : null}
      <Submit wide busy="Holding it for you…">
        Buy
      </Submit>
      <p className={styles.fine}>It is held for you while you pay. Nothing is charged yet.</p>
    </Form>
  )
}

function SoldOutPart({ ticket }: { ticket: Ticket }) {
  const query = ticket.event?.name ?? ticket.title
  return (
    <div className={styles.part}>
      <p>
        Somebody may still let theirs go: when one becomes free, this page offers it without being
        reloaded.
      </p>
      <ButtonLink href={`/?q=${encodeURIComponent(query)}`} wide look="quiet">
        Find similar tickets
      </ButtonLink>
    </div>
  )
}

function WithdrawnPart() {
  const part = useRef<HTMLDivElement>(null)
  useEffect(() => {
    // The button that was pressed next may have had the focus: it is gone.
    if (document.activeElement === document.body) part.current?.focus()
  }, [])
  return (
    <div className={styles.part} ref={part} tabIndex={-1}>
      <p>The seller has taken this ticket off sale.</p>
      <ButtonLink href="/" wide look="quiet">
        Browse tickets
      </ButtonLink>
    </div>
  )
}

function leftOf(ticket: Ticket, locale: string): string {
  if (ticket.available === 0) return 'Sold out'
  if (ticket.quantity === 1) return 'One ticket, available now'
  if (ticket.available === 1) return 'Last one'
  return `${count(ticket.available, locale)} left`
}

/** What is worth saying aloud; a crowd that buys would else never let a screen reader finish. */
function changeSaid(before: Ticket, now: Ticket, locale: string): string {
  if (now.price !== before.price) {
    return `The price is now ${money(now.price, now.currency, locale)}.`
  }
  if (now.available === 0 && before.available > 0) return 'It has just sold out.'
  if (now.available > 0 && before.available === 0) return 'It is available again.'
  return ''
}
