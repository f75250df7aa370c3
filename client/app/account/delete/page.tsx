import type { Metadata } from 'next'
import { DeletePage } from '@/components/account/delete-page'

export const metadata: Metadata = { title: 'Delete your account', robots: { index: false } }

export default function Page() {
  return <DeletePage />
}
