import type { Metadata } from 'next'
import { ButtonLink } from '@/components/ui/button-link'
import { Empty } from '@/components/ui/empty'

export const metadata: Metadata = { title: 'Not found' }

export default function NotFound() {
  return (
    <Empty title="There is nothing here" level={1}>
      <p>The page may have moved, or the ticket was withdrawn by its seller.</p>
      <ButtonLink href="/">Browse tickets</ButtonLink>
    </Empty>
  )
}
