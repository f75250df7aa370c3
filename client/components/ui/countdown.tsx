'use client'

import { useEffect, useRef, useState } from 'react'
import { clock, roughly } from '@/lib/dates'
import styles from './countdown.module.css'

/**
 * How long until `until`, by the server's clock. The seconds are for the eye; what a screen reader hears is one
 * sentence when five minutes, one minute, and nothing are left.
 */
export function Countdown({
  until,
  serverNow,
  label,
  onEnd,
}: {
  /** RFC 3339. */
  until: string
  /** The API's clock when the page was made, in milliseconds since 1970 (`answer.serverNow`). */
  serverNow: number
  label: string
  onEnd?: () => void
}) {
  const end = Date.parse(until)
  const [left, setLeft] = useState((end - serverNow) / 1000)
  const [spoken, setSpoken] = useState('')
  const ended = useRef(onEnd)
  ended.current = onEnd

  useEffect(() => {
    const skew = serverNow - shownAt(serverNow)
    let before = (end - serverNow) / 1000
    let over = false
    const tick = () => {
      const now = (end - (Date.now() + skew)) / 1000
      setLeft(now)
      for (const mark of [300, 60]) {
        if (before > mark && now <= mark) setSpoken(`${label}: ${roughly(mark)} left.`)
      }
      before = now
      if (now <= 0 && !over) {
        over = true
        setSpoken('The time is up.')
        ended.current?.()
      }
    }
    tick()
    const timer = setInterval(tick, 250)
    return () => clearInterval(timer)
  }, [end, serverNow, label])

  const urgent = left <= 60
  return (
    <div className={styles.countdown} data-urgent={urgent || undefined}>
      <span className={styles.label}>{label}</span>
      <time className={styles.clock} dateTime={until} aria-hidden="true">
        {clock(left)}
      </time>
      <span className="hidden">{roughly(left)} left</span>
      <span className="hidden" role="status">
        {spoken}
      </span>
    </div>
  )
}

/** When, by this device's clock, the page that says `serverNow` came in; the first answer for each is kept. */
function shownAt(serverNow: number): number {
  const known = arrivals.get(serverNow)
  if (known !== undefined) return known
  const navigation = performance.getEntriesByType('navigation')[0] as
    | PerformanceNavigationTiming
    | undefined
  // The page one came by arrived before its scripts ran; whatever came later, just now.
  const first = arrivals.size === 0 && navigation && navigation.responseStart > 0
  const at = first ? performance.timeOrigin + navigation.responseStart : Date.now()
  arrivals.set(serverNow, at)
  return at
}

const arrivals = new Map<number, number>()
