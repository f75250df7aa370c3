import type { Metadata } from 'next'
import { AccountPage } from '@/components/account/account-page'

export const metadata: Metadata = { title: 'Your account', robots: { index: false } }

export default async function Page({ searchParams }: PageProps<'/account'>) {
  return <AccountPage trouble={'trouble' in (await searchParams)} />
}
