import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { SessionForm } from '@/components/session/session-form'
import { safeNext } from '@/lib/paths'
import { currentUser } from '@/lib/session'

export const metadata: Metadata = {
  title: 'Sign in',
  description: 'Sign in to buy and sell tickets.',
  robots: { index: false },
}

export default async function SignInPage({ searchParams }: PageProps<'/signin'>) {
  const { next, trouble } = await searchParams
  const target = safeNext(next)
  if (trouble === undefined && (await currentUser())) redirect(target)
  return <SessionForm kind="signin" next={target} trouble={trouble !== undefined} />
}
