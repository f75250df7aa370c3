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
      if (data.version !== version) router.refresh()
    },
    () => router.refresh(),
  )
  return null
}
