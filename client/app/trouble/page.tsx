import type { Metadata } from 'next'
import { Trouble } from '@/components/ui/trouble'
import { unreachable } from '@/lib/api/errors'
import { safeNext } from '@/lib/paths'

export const metadata: Metadata = { title: 'Not answering', robots: { index: false } }

/** Where `requireUser` leads when it cannot be known who looks: `next` is what they wanted. */
export default async function Page({ searchParams }: PageProps<'/trouble'>) {
  return <Trouble problem={unreachable()} path={safeNext((await searchParams).next)} />
}
