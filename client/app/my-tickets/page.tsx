import type { Metadata } from 'next'
import { SellingList } from '@/components/selling/selling-list'

export const metadata: Metadata = { title: 'Your tickets for sale', robots: { index: false } }

export default async function Page({ searchParams }: PageProps<'/my-tickets'>) {
  const search = await searchParams
  const done = (['saved', 'withdrawn', 'stopped'] as const).find((word) => word in search)
  const { cursor } = search
  return <SellingList cursor={typeof cursor === 'string' ? cursor : undefined} done={done} />
}
