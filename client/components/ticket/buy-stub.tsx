'use client'

import { useRouter } from 'next/navigation'
import { type ReactNode, useCallback, useEffect, useRef, useState } from 'react'
import { Link } from '@/components/ui/link'
import { buy } from '@/lib/actions/buying'
import type { Ticket } from '@/lib/api'
import { useLive } from '@/lib/live'
import { count, money } from '@/lib/money'
import { signInFor } from '@/lib/paths'
import { useScripted } from '@/lib/scripted'
import { Form } from '../form/form'
import { Submit } from '../form/submit'
import { ButtonLink } from '../ui/button-link'
import { Quantity } from './quantity'
import styles from './ticket-page.module.css'

export type Visitor =
  | { kind: 'anybody' }
  | { kind: 'seller' }
  | { kind: 'buyer'; formKey: string; orderId?: string }

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
  const [buying, setBuying] = useState<Ticket | null>(null)
  const latest = live.version > shown.version ? live : shown
  // One's own order takes units, too: that is not to be seen as if somebody else had been faster.
  const ticket = buying ?? latest
  const newest = useRef(latest)
  newest.current = latest
  const setPending = useCallback(
    (pending: boolean) => setBuying(pending ? newest.current : null),
    [],
  )
  const price = money(ticket.price, ticket.currency, locale)

  useLive<Ticket>(
    withdrawn ? null : `/api/tickets/${shown.id}/live`,
    'ticket',
    (next) => {
      setSaid(changeSaid(latest, next, locale))
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
        {withdrawn ? 'The seller has withdrawn this ticket.' : buying ? '' : said}
      </p>
      {withdrawn ? (
        <WithdrawnPart />
      ) : (
        <Offer ticket={ticket} visitor={visitor} locale={locale} onPending={setPending} />
      )}
    </div>
  )
}

function Offer({
  ticket,
  visitor,
  locale,
  onPending,
}: {
  ticket: Ticket
  visitor: Visitor
  locale: string
  onPending: (pending: boolean) => void
}) {
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
  if (visitor.kind === 'buyer' && visitor.orderId) {
    return (
      <div className={styles.part}>
        <p>You have ordered this ticket.</p>
        <ButtonLink href={`/orders/${visitor.orderId}`} wide>
          Go to your order
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
          <Link href={signInFor(path).replace('/signin', '/signup')}>Make an account</Link>
        </p>
      </div>
    )
  }
  return (
    <Form
      action={buy}
      formKey={visitor.formKey}
      label="Buy"
      className={styles.part}
      onPending={onPending}
    >
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
    <Landing>
      <p>
        Somebody may still let theirs go: when one becomes free, this page offers it without being
        reloaded.
      </p>
      <ButtonLink href={`/?q=${encodeURIComponent(query)}`} wide look="quiet">
        Find similar tickets
      </ButtonLink>
    </Landing>
  )
}

function WithdrawnPart() {
  return (
    <Landing>
      <p>The seller has taken this ticket off sale.</p>
      <ButtonLink href="/" wide look="quiet">
        Browse tickets
      </ButtonLink>
    </Landing>
  )
}

/** Takes the focus that the form had which it replaces. */
function Landing({ children }: { children: ReactNode }) {
  const part = useRef<HTMLDivElement>(null)
  const scripted = useScripted()
  const [late] = useState(scripted)
  useEffect(() => {
    if (late && document.activeElement === document.body) part.current?.focus()
  }, [late])
  return (
    <div className={styles.part} ref={part} tabIndex={-1}>
      {children}
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
