'use client'

import { dayAndTime, longDate, shortDate } from '@/lib/dates'
import { useScripted } from '@/lib/scripted'

/** A moment in the visitor's own zone, known only to the browser. */
export function OwnTime({
  iso,
  locale,
  form,
  server,
}: {
  iso: string
  locale: string
  form: 'short' | 'long'
  /** As the server says it, in UTC. */
  server: string
}) {
  const scripted = useScripted()
  const zone = scripted ? Intl.DateTimeFormat().resolvedOptions().timeZone : undefined
  return (
    <time dateTime={iso}>
      {zone ? (form === 'long' ? longDate : shortDate)(iso, zone, locale) : server}
    </time>
  )
}

/**
 * Below an event's time: which zone that is, and once scripts run, what it is for the visitor, if that differs. One line
 * in either case, so that nothing moves.
 */
export function ZoneLine({
  iso,
  timeZone,
  locale,
}: {
  iso: string
  timeZone: string | undefined
  locale: string
}) {
  const scripted = useScripted()
  const place = timeZone?.split('/').at(-1)?.replaceAll('_', ' ')
  const there = place ? `Local time in ${place}` : 'The seller gave no time zone'
  if (!scripted) return <span>{there}</span>
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone
  const mine = dayAndTime(iso, own, locale)
  return <span>{mine === dayAndTime(iso, timeZone, locale) ? there : `${mine} for you`}</span>
}
