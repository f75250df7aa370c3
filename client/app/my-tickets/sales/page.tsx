import type { Metadata } from 'next'
import { SalesPage } from '@/components/selling/sales-page'

export const metadata: Metadata = { title: 'Your sales', robots: { index: false } }

export default async function Page({ searchParams }: PageProps<'/my-tickets/sales'>) {
  const { cursor } = await searchParams
  return <SalesPage cursor={typeof cursor === 'string' ? cursor : undefined} />
}
