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
  const ticket = await tickets.show(order.data.ticket.id)
  return (
    <OrderPage
      order={order.data}
      payments={paid.ok ? paid.data : []}
      ticket={ticket.ok ? ticket.data : undefined}
      serverNow={order.serverNow}
    />
  )
}
