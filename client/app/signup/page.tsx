import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { SessionForm } from '@/components/session/session-form'
import { safeNext } from '@/lib/paths'
import { currentUser } from '@/lib/session'

export const metadata: Metadata = {
  title: 'Sign up',
  description: 'Make an account to buy and sell tickets: an e-mail address and a password is all.',
  robots: { index: false },
}

export default async function SignUpPage({ searchParams }: PageProps<'/signup'>) {
  const target = safeNext((await searchParams).next)
  if (await currentUser()) redirect(target)
  return <SessionForm kind="signup" next={target} />
}
