'use client'

import { useRouter } from 'next/navigation'
import { useLive } from '@/lib/live'

/** Has the server show the page anew when the stream tells of another version than the one shown. Shows nothing. */
export function LiveRefresh({
  url,
  event,
  version,
}: {
  url: string
  event: 'ticket' | 'order' | 'payment'
  version: number
}) {
  const router = useRouter()
  useLive<{ version: number }>(
    url,
    event,
    (data) => {
      if (data.version !== version && !isLeaving()) router.refresh()
    },
    () => router.refresh(),
  )
  return null
}

/**
 * Whether a form is about to lead to another site. The router would ask that site for the page anew; should the form come to
 * nothing, its answer shows the page anew by itself.
 */
function isLeaving(): boolean {
  return document.querySelector('[data-leads-away] [aria-disabled]') !== null
}
