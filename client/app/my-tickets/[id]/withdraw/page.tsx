import type { Metadata } from 'next'
import { ownTicket } from '@/components/selling/own-ticket'
import { WithdrawPage } from '@/components/selling/withdraw-page'
import { Missing } from '@/components/ui/missing'
import { Trouble } from '@/components/ui/trouble'

export const metadata: Metadata = { title: 'Withdraw a ticket', robots: { index: false } }

export default async function Page({ params }: PageProps<'/my-tickets/[id]/withdraw'>) {
  const { id } = await params
  const path = `/my-tickets/${id}/withdraw`
  const found = await ownTicket(id, path)
  if (found.kind === 'missing') return <Missing />
  const { answer } = found
  if (!answer.ok) return <Trouble problem={answer.problem} path={path} />
  return <WithdrawPage ticket={answer.data} />
}
