import type { Metadata } from 'next'
import { OrderPage } from '@/components/order/order-page'
import { Missing } from '@/components/ui/missing'
import { Trouble } from '@/components/ui/trouble'
import { type IssuedReceipt, type Order, orders, type Payment, payments, tickets } from '@/lib/api'
import { isId } from '@/lib/paths'
import { paymentProvider } from '@/lib/payment-provider'

export const metadata: Metadata = { title: 'Your order', robots: { index: false } }

export default async function Page({ params }: PageProps<'/orders/[id]'>) {
  const { id } = await params
  if (!isId(id)) return <Missing />
  const path = `/orders/${id}`
  const [order, paid, provider] = await Promise.all([
    orders.show(id),
    payments.ofOrder(id),
    paymentProvider(),
  ])
  if (!order.ok) {
    if (order.problem.kind === 'missing') return <Missing />
    return <Trouble problem={order.problem} path={path} />
  }
  // An order in the place of an expired one was paid by that one's payment.
  const { replaces, ticket: bought } = order.data
  const [earlier, ticket] = await Promise.all([
    replaces ? payments.ofOrder(replaces) : undefined,
    tickets.show(bought.id),
  ])
  const shown = earlier ?? paid
  const attempts = shown.ok ? shown.data : []
  const issued = await receiptOf(order.data, attempts)
  return (
    <OrderPage
      order={order.data}
      payments={attempts}
      issued={issued}
      provider={provider}
      ticket={ticket.ok ? ticket.data : undefined}
      serverNow={order.serverNow}
    />
  )
}

/** The receipt of a complete order: the page is shown without where it cannot be had. */
async function receiptOf(order: Order, attempts: Payment[]): Promise<IssuedReceipt | undefined> {
  const taken = attempts.findLast((payment) => payment.status === 'captured')
  if (order.status !== 'complete' || !taken) return undefined
  const answer = await payments.receipt(taken.id)
  return answer.ok ? answer.data : undefined
}
