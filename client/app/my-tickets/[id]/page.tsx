import type { Metadata } from 'next'
import { EditPage } from '@/components/selling/edit-page'
import { ownTicket } from '@/components/selling/own-ticket'
import { Missing } from '@/components/ui/missing'
import { Trouble } from '@/components/ui/trouble'

export const metadata: Metadata = { title: 'Edit ticket', robots: { index: false } }

export default async function Page({ params }: PageProps<'/my-tickets/[id]'>) {
  const { id } = await params
  const path = `/my-tickets/${id}`
  const found = await ownTicket(id, path)
  if (found.kind === 'missing') return <Missing />
  const { answer } = found
  if (!answer.ok) return <Trouble problem={answer.problem} path={path} />
  return <EditPage ticket={answer.data} etag={answer.etag} now={answer.serverNow} />
}
