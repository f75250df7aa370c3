import type { Dispute, Payment, Refund } from '@/lib/api'
import { newKey } from '@/lib/forms'
import { money, plainAmount, plural } from '@/lib/money'
import { givenBack } from '@/lib/order-standing'
import { isHeld, leftToRefund } from '@/lib/refund'
import { visitorLocale } from '@/lib/session'
import { LiveRefresh } from '../live-refresh'
import { ButtonLink } from '../ui/button-link'
import { Money } from '../ui/money'
import { Notice } from '../ui/notice'
import { PageHead } from '../ui/page-head'
import { When } from '../ui/when'
import { RefundForm } from './refund-form'
import styles from './selling.module.css'

const disputeWords: Record<Dispute['status'], { title: string; text: string }> = {
  open: {
    title: 'The buyer disputes this payment with their bank.',
    text: 'What the bank has taken is out of your balance until it has decided, and nothing of it can be given back before. Whoever runs this marketplace answers the bank: tell them what you know of the order.',
  },
  won: {
    title: 'The dispute is decided for you.',
    text: 'The buyer’s bank had asked for the money back. It is yours again.',
  },
  lost: {
    title: 'The dispute is decided against you.',
    text: 'The buyer has the money back from their bank. The order is still complete: what becomes of it is for you to say.',
  },
}

/** What was given back of a sale so far, and giving back more of it. */
export async function RefundPage({ payment, done }: { payment: Payment; done: boolean }) {
  const locale = await visitorLocale()
  const { id, item, currency, refunds = [] } = payment
  const back = givenBack([payment])
  const left = leftToRefund(payment)
  const held = Math.max((item?.quantity ?? 0) - back.units, 0)
  const sold = item ? `${plural(item.quantity, 'ticket', 'tickets', locale)} · ${item.title}` : ''
  const paid = `Paid with ${money(payment.amount, currency, locale, true)}.`
  return (
    <>
      <LiveRefresh url={`/api/payments/${id}/live`} event="payment" version={payment.version} />
      <PageHead title="Give money back" lead={[sold, paid].filter(Boolean).join('. ')} />
      <div className={styles.narrow}>
        {done ? (
          <Notice tone="good" title="It goes back to the buyer.">
            <p>They see it at once, with your reason. Banks take up to a few days to show it.</p>
          </Notice>
        ) : null}
        {payment.dispute ? (
          <Notice tone="plain" title={disputeWords[payment.dispute.status].title}>
            <p>{disputeWords[payment.dispute.status].text}</p>
          </Notice>
        ) : null}
        {refunds.length > 0 ? <Refunds refunds={refunds} currency={currency} /> : null}
        {payment.status === 'captured' && left > 0 && !isHeld(payment) ? (
          <RefundForm
            formKey={newKey()}
            paymentId={id}
            currency={currency}
            left={plainAmount(left, currency)}
            leftWords={money(left, currency, locale, true)}
            held={held}
          />
        ) : (
          <Notice
            tone="plain"
            title={
              isHeld(payment) ? 'Nothing can be given back now.' : 'Nothing is left to give back.'
            }
          />
        )}
        <div className={styles.buttons}>
          <ButtonLink href="/my-tickets/sales" look="quiet">
            Your sales
          </ButtonLink>
        </div>
      </div>
    </>
  )
}

function Refunds({ refunds, currency }: { refunds: Refund[]; currency: string }) {
  return (
    <section aria-labelledby="refunds-title">
      <h2 id="refunds-title">Given back so far</h2>
      <ul>
        {refunds.map((refund) => (
          <li key={refund.number}>
            <Money amount={refund.amount} currency={currency} exact />{' '}
            {refund.status === 'refunded' ? 'went back' : 'is on its way back'},{' '}
            <When iso={refund.refundedAt ?? refund.createdAt} />: {refund.reason}
          </li>
        ))}
      </ul>
    </section>
  )
}
