import type { Metadata } from 'next'
import { RefundPage } from '@/components/selling/refund-page'
import { Missing } from '@/components/ui/missing'
import { Trouble } from '@/components/ui/trouble'
import { payments } from '@/lib/api'
import { isId } from '@/lib/paths'
import { requireUser } from '@/lib/session'

export const metadata: Metadata = { title: 'Give money back', robots: { index: false } }

export default async function Page({
  params,
  searchParams,
}: PageProps<'/my-tickets/sales/[id]/refund'>) {
  const { id } = await params
  const path = `/my-tickets/sales/${id}/refund`
  const user = await requireUser(path)
  if (!isId(id)) return <Missing />
  const payment = await payments.show(id)
  if (!payment.ok) {
    // Somebody else's sale is not there for anybody else.
    const { kind } = payment.problem
    if (kind === 'missing' || kind === 'signed-out') return <Missing />
    return <Trouble problem={payment.problem} path={path} />
  }
  if (payment.data.sellerId !== user.id) return <Missing />
  const done = 'done' in (await searchParams)
  return <RefundPage payment={payment.data} done={done} />
}
