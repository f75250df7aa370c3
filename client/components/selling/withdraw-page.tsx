import { stopSelling, withdraw } from '@/lib/actions/selling'
import type { Ticket } from '@/lib/api'
import { newKey } from '@/lib/forms'
import { count } from '@/lib/money'
import { visitorLocale } from '@/lib/session'
import { FocusRefresh } from '../focus-refresh'
import { Form } from '../form/form'
import { Submit } from '../form/submit'
import { TicketStub } from '../ticket/ticket-stub'
import { ButtonLink } from '../ui/button-link'
import { Money } from '../ui/money'
import { PageHead } from '../ui/page-head'
import styles from './selling.module.css'
import { standingOf } from './standing'

/** Asks once more; and where some are taken, says what can be done instead. */
export async function WithdrawPage({ ticket }: { ticket: Ticket }) {
  const locale = await visitorLocale()
  const standing = standingOf(ticket, locale)
  const taken = ticket.quantity - ticket.available
  const title =
    taken === 0
      ? 'Withdraw this ticket?'
      : ticket.available > 0
        ? 'Stop selling this ticket?'
        : 'It cannot be withdrawn'
  const some = (value: number) => count(value, locale)
  return (
    <>
      <FocusRefresh />
      <PageHead title={title} />
      <div className={styles.narrow}>
        <TicketStub
          title={ticket.title}
          event={ticket.event}
          level={2}
          price={<Money amount={ticket.price} currency={ticket.currency} />}
          note={standing.short}
          spent={standing.spent}
        />
        {taken === 0 ? (
          <>
            <p>
              It leaves the market at once and for good: its page and its link are gone. To sell it
              after all you would put it up anew.
            </p>
            <Form action={withdraw} formKey={newKey()} label="Withdraw">
              <input type="hidden" name="id" value={ticket.id} />
              <Buttons>
                <Submit look="danger" busy="Withdrawing…">
                  Withdraw it
                </Submit>
              </Buttons>
            </Form>
          </>
        ) : ticket.available > 0 ? (
          <>
            <p>
              {standing.long} Those stay with whoever has them, so the ticket cannot be withdrawn as
              a whole. You can stop selling the other {some(ticket.available)}: buyers then see it
              as sold out.
            </p>
            <Form action={stopSelling} formKey={newKey()} label="Stop selling">
              <input type="hidden" name="id" value={ticket.id} />
              <Buttons>
                <Submit look="danger" busy="One moment…">
                  Stop selling
                </Submit>
              </Buttons>
            </Form>
          </>
        ) : (
          <>
            <p>
              {standing.long} What somebody has ordered stays theirs. Orders that are not paid in
              time end by themselves, and what they held can be withdrawn then.
            </p>
            <Buttons />
          </>
        )}
      </div>
    </>
  )
}

function Buttons({ children }: { children?: React.ReactNode }) {
  return (
    <div className={styles.buttons}>
      {children}
      <ButtonLink href="/my-tickets" look="quiet">
        {children ? 'Keep it on sale' : 'Your tickets for sale'}
      </ButtonLink>
    </div>
  )
}
