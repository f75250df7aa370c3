'use client'

import { useRouter } from 'next/navigation'
import { useEffect } from 'react'

/** Has a list shown anew when one comes back to it. Shows nothing. */
export function FocusRefresh() {
  const router = useRouter()
  useEffect(() => {
    const refresh = () => {
      if (document.visibilityState === 'visible') router.refresh()
    }
    document.addEventListener('visibilitychange', refresh)
    window.addEventListener('online', refresh)
    return () => {
      document.removeEventListener('visibilitychange', refresh)
      window.removeEventListener('online', refresh)
    }
  }, [router])
  return null
}
