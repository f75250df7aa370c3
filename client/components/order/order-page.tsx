import { cancel } from '@/lib/actions/buying'
import type { IssuedReceipt, Order, Payment, Ticket } from '@/lib/api'
import { newKey } from '@/lib/forms'
import { money, plural } from '@/lib/money'
import {
  exactSum,
  type GivenBack,
  givenBack,
  isMoving,
  type Standing,
  standingOf,
  standingWords,
  unsettled,
} from '@/lib/order-standing'
import { type Provider, providerName } from '@/lib/payment-provider'
import { visitorLocale } from '@/lib/session'
import { Form } from '../form/form'
import { Submit } from '../form/submit'
import { LiveRefresh } from '../live-refresh'
import { PaymentPanel } from '../payment/panel'
import { TicketStub } from '../ticket/ticket-stub'
import button from '../ui/button.module.css'
import { ButtonLink } from '../ui/button-link'
import { Money } from '../ui/money'
import { Notice } from '../ui/notice'
import { ComeBack } from './come-back'
import { OrderClock } from './order-clock'
import styles from './order-page.module.css'
import { PrintButton } from './print-button'
import { Receipt } from './receipt'
import { StandingHeadline } from './standing-headline'

/** An order from being held to what became of it. */
export async function OrderPage({
  order,
  payments,
  issued,
  provider,
  ticket,
  serverNow,
}: {
  order: Order
  payments: Payment[]
  /** The receipt, of an order that is complete. */
  issued?: IssuedReceipt
  /** Who moves the money, where that is known. */
  provider?: Provider
  /** As it is now, if it is still there: what it admits to. */
  ticket?: Ticket
  serverNow: number
}) {
  const locale = await visitorLocale()
  const standing = standingOf(order, payments)
  const elsewhere = standing === 'paying' && provider?.pages ? providerName(provider) : undefined
  // Whoever is asked for the card in this page is still at it, for all that is known.
  const here = standing === 'open' || Boolean(elsewhere && provider?.element)
  const back = standing === 'paid' ? givenBack(payments) : undefined
  const words = elsewhere
    ? waitingAt(elsewhere, here)
    : ((standing === 'paid' ? disputedWords(order) : undefined) ??
      (back && returnedWords(order, back, locale)) ??
      standingWords[standing])
  const unpaid = standing === 'open' || standing === 'paying'
  const total = money(order.total, order.currency, locale, true)
  const watched = unsettled(order, payments)
  return (
    <div className={styles.page} data-standing={standing}>
      {watched ? (
        <LiveRefresh
          url={`/api/payments/${watched.id}/live`}
          event="payment"
          version={watched.version}
        />
      ) : (
        <LiveRefresh url={`/api/orders/${order.id}/live`} event="order" version={order.version} />
      )}
      {isMoving(standing) ? (
        <Reload standing={standing} order={order} serverNow={serverNow} />
      ) : null}
      <div className={styles.head}>
        <div>
          <StandingHeadline standing={here ? 'open' : standing}>{words.headline}</StandingHeadline>
          <p className={styles.lead}>{words.lead}</p>
        </div>
        {here ? <OrderClock until={order.expiresAt} serverNow={serverNow} /> : null}
      </div>
      <div className={styles.ticket}>
        <TicketStub
          href={ticket ? `/tickets/${ticket.id}` : undefined}
          title={order.ticket.title}
          event={ticket?.event}
          level={2}
          price={<Money amount={order.total} currency={order.currency} exact />}
          note={stubNote(order, here ? 'open' : standing, locale)}
          spent={standing !== 'paid' && !unpaid}
        />
        {unpaid ? <CancelForm order={order} paying={standing === 'paying'} /> : null}
      </div>
      <div className={styles.main}>
        {provider?.element ? <ComeBack unpaid={unpaid} /> : null}
        {unpaid ? (
          <>
            {standing === 'paying' && !elsewhere ? <Paying /> : null}
            <div hidden={standing === 'paying' && !elsewhere}>
              <PaymentPanel
                provider={provider}
                order={order}
                formKey={newKey()}
                pay={`Pay ${total}`}
                begun={standing === 'paying'}
              />
            </div>
          </>
        ) : (
          <Ended order={order} payments={payments} issued={issued} standing={standing} />
        )}
      </div>
    </div>
  )
}

/** A payment that is made where the provider asks for the card, here or on its page, and not known to be made. */
function waitingAt(name: string, here: boolean): { headline: string; lead: string } {
  if (here) {
    return {
      headline: standingWords.open.headline,
      lead: `Pay before the time is up. If you have paid already, ${name} says so here in a moment.`,
    }
  }
  return {
    headline: 'Waiting for your payment',
    lead: `If you have paid, stay here: this page shows it as soon as ${name} says so. If not, go on there.`,
  }
}

/** Of a complete order whose buyer disputes its payment with their bank. */
function disputedWords({ dispute }: Order): { headline: string; lead: string } | undefined {
  switch (dispute?.status) {
    case 'open':
      return {
        headline: 'Your bank looks into this payment',
        lead: 'It was asked to take the money back, and has not decided yet. The order is still complete; if you did not mean this, tell your bank.',
      }
    case 'lost':
      return {
        headline: 'Your bank has taken the money back',
        lead: 'You have it back from your bank. Whether the order still holds is for its seller to say: ask before you go.',
      }
    default:
      return undefined
  }
}

/** Of a complete order of whose money something was given back, or is on its way. */
function returnedWords(
  order: Order,
  { refunds, done, moving, units }: GivenBack,
  locale: string,
): { headline: string; lead: string } | undefined {
  const last = refunds.at(-1)
  if (!last) return undefined
  const amount = money(exactSum([done, moving]), order.currency, locale, true)
  const held = order.quantity - units
  const left =
    held > 0 ? `You hold ${plural(held, 'ticket', 'tickets', locale)} of this order.` : ''
  const where = moving > 0 ? 'is on its way back' : 'has gone back'
  return {
    headline: moving > 0 ? 'Money is on its way back' : 'Money has gone back to you',
    lead: `${amount} of what you paid ${where}. The reason: “${last.reason}”. ${left}`.trim(),
  }
}

function stubNote(order: Order, standing: Standing, locale: string): string {
  const what = plural(order.quantity, 'ticket', 'tickets', locale)
  return `${what} · ${standing === 'open' ? 'not paid yet' : standingWords[standing].short.toLowerCase()}`
}

/** For those without scripts: the page asks again by itself. */
function Reload({
  standing,
  order,
  serverNow,
}: {
  standing: Standing
  order: Order
  serverNow: number
}) {
  const left = Math.ceil((Date.parse(order.expiresAt) - serverNow) / 1000) + 1
  return (
    <noscript>
      <meta httpEquiv="refresh" content={String(standing === 'open' ? Math.max(left, 2) : 4)} />
    </noscript>
  )
}

function Paying() {
  return (
    <Notice tone="wait" title="The bank has not answered yet.">
      <p>
        That can take a moment. You can stay here, or come back later: the ticket is held until the
        answer is in, and you are charged once at most.
      </p>
    </Notice>
  )
}

function CancelForm({ order, paying }: { order: Order; paying: boolean }) {
  return (
    <Form action={cancel} formKey={newKey()} label="Cancel the order" className={styles.cancel}>
      <input type="hidden" name="orderId" value={order.id} />
      <Submit look="quiet" busy="Cancelling…" wide>
        Cancel the order
      </Submit>
      <p className="small soft">
        {paying
          ? 'What the bank may still take is given back in full.'
          : 'The ticket goes back on sale. Nothing has been charged.'}
      </p>
    </Form>
  )
}

/** A file of the API's, not a page: an anchor, which the router leaves alone. */
function ReceiptFile({ issued }: { issued: IssuedReceipt }) {
  return (
    <a
      className={button.button}
      data-look="quiet"
      href={`/api/payments/${issued.paymentId}/receipt.pdf`}
    >
      Receipt as PDF
    </a>
  )
}

function Ended({
  order,
  payments,
  issued,
  standing,
}: {
  order: Order
  payments: Payment[]
  issued?: IssuedReceipt
  standing: Standing
}) {
  const again = (
    <div className={styles.next}>
      <ButtonLink href={`/tickets/${order.ticket.id}`}>See if it is still there</ButtonLink>
      <ButtonLink href="/" look="quiet">
        Browse tickets
      </ButtonLink>
    </div>
  )
  switch (standing) {
    case 'paid':
      return (
        <Receipt
          order={order}
          payments={payments}
          issued={issued}
          lead={
            order.replaces
              ? 'Paid after the time was up, while the ticket was still free: this order took the place of the first.'
              : undefined
          }
        >
          <div className={styles.next}>
            {issued ? <ReceiptFile issued={issued} /> : <PrintButton />}
            <ButtonLink href="/orders" look="quiet">
              My orders
            </ButtonLink>
          </div>
        </Receipt>
      )
    case 'refunding':
      return (
        <Receipt
          order={order}
          payments={payments}
          lead="You need not do anything. Banks take up to a few days to show it."
        >
          {again}
        </Receipt>
      )
    case 'refunded':
      return (
        <Receipt order={order} payments={payments} lead="Banks take up to a few days to show it.">
          {again}
        </Receipt>
      )
    case 'replaced':
      return (
        <Notice tone="plain" title="Your ticket is in another order.">
          <p>It has the receipt, and is the one to keep.</p>
          <div className={styles.next}>
            <ButtonLink href={`/orders/${order.replacedBy}`}>See your ticket</ButtonLink>
          </div>
        </Notice>
      )
    case 'late':
      return (
        <Notice tone="wait" title="You need not do anything.">
          <p>
            This page shows what becomes of your money as soon as that is known: within a minute,
            unless the bank itself is out of reach.
          </p>
        </Notice>
      )
    case 'settling':
    case 'cancelled':
      return (
        <Notice tone="plain" title="Changed your mind again?">
          <p>If nobody else has taken the ticket, it can still be yours.</p>
          {again}
        </Notice>
      )
    default:
      return (
        <Notice tone="wait" title="The order was not paid while the ticket was held for you.">
          <p>If nobody else has taken the ticket since, you can order it again.</p>
          {again}
        </Notice>
      )
  }
}
