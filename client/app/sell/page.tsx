import type { Metadata } from 'next'
import { SellPage } from '@/components/sell/sell-page'

export const metadata: Metadata = {
  title: 'Sell a ticket',
  description: 'Put a ticket up for sale in a minute.',
  robots: { index: false },
}

export default function Page() {
  return <SellPage />
}
