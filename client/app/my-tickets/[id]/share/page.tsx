import type { Metadata } from 'next'
import { ownTicket } from '@/components/selling/own-ticket'
import { SharePage } from '@/components/selling/share-page'
import { Missing } from '@/components/ui/missing'
import { Trouble } from '@/components/ui/trouble'

export const metadata: Metadata = { title: 'Share your ticket', robots: { index: false } }

export default async function Page({ params, searchParams }: PageProps<'/my-tickets/[id]/share'>) {
  const { id } = await params
  const path = `/my-tickets/${id}/share`
  const found = await ownTicket(id, path)
  if (found.kind === 'missing') return <Missing />
  const { answer } = found
  if (!answer.ok) return <Trouble problem={answer.problem} path={path} />
  return <SharePage ticket={answer.data} fresh={'new' in (await searchParams)} />
}
