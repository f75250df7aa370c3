import { Fragment, type ReactNode } from 'react'
import type { IssuedReceipt, Order, Payment } from '@/lib/api'
import { exactSum, givenBack } from '@/lib/order-standing'
import { Money } from '../ui/money'
import { When } from '../ui/when'
import styles from './receipt.module.css'

/** What was bought, for how much, and what became of the money: to keep, and to print. */
export function Receipt({
  order,
  payments,
  issued,
  lead,
  children,
}: {
  order: Order
  payments: Payment[]
  /** With its number, for an order that is complete. */
  issued?: IssuedReceipt
  lead?: string
  children?: ReactNode
}) {
  const taken = payments.filter((payment) => payment.capturedAt)
  return (
    <section className={styles.receipt} aria-labelledby="receipt-title">
      <h2 id="receipt-title">Receipt</h2>
      {lead ? <p className={styles.lead}>{lead}</p> : null}
      <dl className={styles.facts}>
        {issued ? (
          <>
            <dt>Receipt number</dt>
            <dd className={styles.number}>{issued.number}</dd>
          </>
        ) : null}
        <dt>Order number</dt>
        <dd className={styles.number}>{order.id}</dd>
        <dt>Ordered</dt>
        <dd>
          <When iso={order.createdAt} />
        </dd>
        {taken.map((payment) => (
          <Taken key={payment.id} payment={payment} />
        ))}
      </dl>
      <table className={styles.sums}>
        <thead className="hidden">
          <tr>
            <th scope="col">What</th>
            <th scope="col">Amount</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">
              {order.ticket.title}
              <span className={styles.times}>
                {order.quantity} ×{' '}
                <Money amount={order.ticket.price} currency={order.currency} exact />
              </span>
            </th>
            <td>
              <Money amount={order.total} currency={order.currency} exact />
            </td>
          </tr>
          {givenBack(taken).refunds.map((refund) => (
            <tr key={refund.number}>
              <th scope="row">
                {refund.status === 'refunded' ? 'Returned' : 'On its way back'}
                <span className={styles.times}>{refund.reason}</span>
              </th>
              <td>
                <Money amount={-refund.amount} currency={order.currency} exact />
              </td>
            </tr>
          ))}
          {taken
            .filter((payment) => payment.refundedAt)
            .map((payment) => (
              <tr key={payment.id}>
                <th scope="row">Returned</th>
                <td>
                  <Money amount={-payment.amount} currency={payment.currency} exact />
                </td>
              </tr>
            ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">Total</th>
            <td>
              <Money amount={netOf(order, taken)} currency={order.currency} exact />
            </td>
          </tr>
        </tfoot>
      </table>
      {children}
    </section>
  )
}

function Taken({ payment }: { payment: Payment }) {
  return (
    <>
      {payment.capturedAt ? (
        <>
          <dt>Paid</dt>
          <dd>
            <When iso={payment.capturedAt} />
          </dd>
        </>
      ) : null}
      {(payment.refunds ?? []).map((refund) => (
        <Fragment key={refund.number}>
          <dt>{refund.status === 'refunded' ? 'Returned' : 'Refund begun'}</dt>
          <dd>
            <When iso={refund.refundedAt ?? refund.createdAt} />
          </dd>
        </Fragment>
      ))}
      {payment.refundedAt ? (
        <>
          <dt>Returned</dt>
          <dd>
            <When iso={payment.refundedAt} />
          </dd>
        </>
      ) : null}
      <dt>Payment number</dt>
      <dd className={styles.number}>{payment.id}</dd>
    </>
  )
}

/** An order that came to nothing is refunded in full; a complete one, as much as was asked for. */
function netOf(order: Order, taken: Payment[]): number {
  if (taken.some((payment) => payment.refundedAt)) return 0
  const { done, moving } = givenBack(taken)
  return exactSum([order.total, -done, -moving])
}
