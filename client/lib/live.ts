'use client'

import { useEffect, useEffectEvent } from 'react'

/**
 * Follows an event stream of the API for as long as the component is there. `onData` gets the first state at once and
 * each further one; `onGone` is told when what was watched is not there any more.
 *
 * When a stream ends it is asked at once whether it is still there, since its end may mean that it is not, and opened
 * anew, ever less often. The browser's own way would wait for seconds, and give up for good at the first refusal.
 */
export function useLive<T>(
  url: string | null,
  event: 'ticket' | 'order' | 'payment',
  onData: (data: T) => void,
  onGone: () => void,
) {
  const data = useEffectEvent(onData)
  const gone = useEffectEvent(onGone)
  useEffect(() => {
    if (url === null) return
    let source: EventSource | undefined
    let timer: ReturnType<typeof setTimeout> | undefined
    let pause = FIRST_PAUSE_MS
    let over = false

    const open = () => {
      clearTimeout(timer)
      source?.close()
      source = new EventSource(url)
      source.addEventListener(event, (message) => {
        pause = FIRST_PAUSE_MS
        data(JSON.parse((message as MessageEvent<string>).data) as T)
      })
      source.addEventListener('error', () => {
        source?.close()
        ask()
      })
    }
    const later = () => {
      clearTimeout(timer)
      if (over) return
      timer = setTimeout(open, pause)
      pause = Math.min(pause * 2, LAST_PAUSE_MS)
    }
    // Neither a stream that ended nor one that was refused tells why.
    const ask = async () => {
      const status = await fetch(url, { method: 'HEAD' }).then(
        (answer) => answer.status,
        () => 0,
      )
      if (over) return
      if (status === 404 || status === 401) gone()
      else later()
    }
    // A phone that slept, or lost its connection, knows at once when that is over.
    const wake = () => {
      if (document.visibilityState === 'hidden' || source?.readyState === EventSource.OPEN) return
      pause = FIRST_PAUSE_MS
      open()
    }

    open()
    document.addEventListener('visibilitychange', wake)
    window.addEventListener('online', wake)
    return () => {
      over = true
      clearTimeout(timer)
      source?.close()
      document.removeEventListener('visibilitychange', wake)
      window.removeEventListener('online', wake)
    }
  }, [url, event])
}

const FIRST_PAUSE_MS = 250
const LAST_PAUSE_MS = 15_000
