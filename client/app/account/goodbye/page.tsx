import type { Metadata } from 'next'
import { ButtonLink } from '@/components/ui/button-link'
import { Empty } from '@/components/ui/empty'

export const metadata: Metadata = { title: 'Goodbye', robots: { index: false } }

/** Where one lands without an account, or without a session, any more. */
export default async function Page({ searchParams }: PageProps<'/account/goodbye'>) {
  const { after } = await searchParams
  return after === 'deletion' ? (
    <Empty title="Your account is deleted" level={1}>
      <p>Your tickets go off the market within moments. Thank you for having been here.</p>
      <ButtonLink href="/">Browse tickets</ButtonLink>
    </Empty>
  ) : (
    <Empty title="You are signed out everywhere" level={1}>
      <p>Every device has to sign in anew. If somebody else knew your password, change it next.</p>
      <ButtonLink href="/signin?next=%2Faccount">Sign in</ButtonLink>
    </Empty>
  )
}
