'use client'

import { useRouter } from 'next/navigation'
import { useEffect, useState } from 'react'
import { Countdown } from '../ui/countdown'

/** The countdown of an order; once it is over, the server is asked until it has ended the order, too. */
export function OrderClock({ until, serverNow }: { until: string; serverNow: number }) {
  const router = useRouter()
  const [over, setOver] = useState(false)
  useEffect(() => {
    if (!over) return
    const timer = setInterval(() => router.refresh(), 2_000)
    return () => clearInterval(timer)
  }, [over, router])
  return (
    <Countdown
      until={until}
      serverNow={serverNow}
      label="Time left to pay"
      onEnd={() => setOver(true)}
    />
  )
}
