import type { Metadata } from 'next'
import { OrderPage } from '@/components/order/order-page'
import { Missing } from '@/components/ui/missing'
import { Trouble } from '@/components/ui/trouble'
import { orders, payments, tickets } from '@/lib/api'
import { isId } from '@/lib/paths'

export const metadata: Metadata = { title: 'Your order', robots: { index: false } }

export default async function Page({ params }: PageProps<'/orders/[id]'>) {
  const { id } = await params
  if (!isId(id)) return <Missing />
  const path = `/orders/${id}`
  const [order, paid] = await Promise.all([orders.show(id), payments.ofOrder(id)])
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
  return (
    <OrderPage
      order={order.data}
      payments={shown.ok ? shown.data : []}
      ticket={ticket.ok ? ticket.data : undefined}
      serverNow={order.serverNow}
    />
  )
}
