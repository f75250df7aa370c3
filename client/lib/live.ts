'use client'

import { useEffect, useEffectEvent } from 'react'

/**
 * Follows an event stream of the API for as long as the component is there. `onData` gets the first state at once and
 * each further one; `onGone` is called when the stream is refused for good (the thing is gone, or the session is).
 * The browser reconnects by itself after a lost connection; a phone that slept gets a fresh stream when it wakes.
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
    let opened = false
    let again: ReturnType<typeof setTimeout> | undefined
    const open = () => {
      source?.close()
      source = new EventSource(url)
      source.addEventListener('open', () => {
        opened = true
      })
      source.addEventListener(event, (message) => {
        data(JSON.parse((message as MessageEvent<string>).data) as T)
      })
      source.addEventListener('error', () => {
        if (source?.readyState !== EventSource.CLOSED) return
        // Closed for good: refused. What the page shows is asked for anew, and the stream, later, too.
        gone()
        if (opened) again = setTimeout(open, RETRY_MS)
      })
    }
    const wake = () => {
      if (document.visibilityState === 'visible' && source?.readyState === EventSource.CLOSED)
        open()
    }
    open()
    document.addEventListener('visibilitychange', wake)
    return () => {
      document.removeEventListener('visibilitychange', wake)
      clearTimeout(again)
      source?.close()
    }
  }, [url, event])
}

const RETRY_MS = 5_000
