import type { Metadata } from 'next'
import { OrderList } from '@/components/order/order-list'

export const metadata: Metadata = { title: 'Your orders', robots: { index: false } }

export default async function Page({ searchParams }: PageProps<'/orders'>) {
  const { cursor } = await searchParams
  return <OrderList cursor={typeof cursor === 'string' ? cursor : undefined} />
}
