'use client'

import { useRouter } from 'next/navigation'
import { useEffect, useEffectEvent, useRef, useState } from 'react'
import type { Ticket } from '@/lib/api'
import { useLive } from '@/lib/live'
import { WATCHED } from './watched'

/**
 * A browser opens six connections to a host at most, for all its tabs together; each stream takes one for as long as
 * it is open. So a list follows two tickets at once: of those in view, and in turns if there are more.
 */
const MOST_STREAMS = 2
const TURN_MS = 4_000
/** Many changes at once are one new look at the list. */
const PAUSE_MS = 400

type Watched = { id: string; version: number; title: string }

/** Has the list of one's tickets shown anew when one of them changes. Says aloud what changed, and shows nothing. */
export function Watch({ tickets }: { tickets: Watched[] }) {
  const router = useRouter()
  const visible = useInView(tickets)
  const [turn, setTurn] = useState(0)
  const [said, setSaid] = useState('')
  const pause = useRef<ReturnType<typeof setTimeout>>(undefined)

  const turns = Math.max(1, Math.ceil(visible.length / MOST_STREAMS))
  useEffect(() => {
    if (turns < 2) return
    const timer = setInterval(() => setTurn((before) => before + 1), TURN_MS)
    return () => clearInterval(timer)
  }, [turns])
  useEffect(() => () => clearTimeout(pause.current), [])

  const anew = () => {
    clearTimeout(pause.current)
    pause.current = setTimeout(() => router.refresh(), PAUSE_MS)
  }
  const first = (turn % turns) * MOST_STREAMS
  const followed = visible.slice(first, first + MOST_STREAMS)
  return (
    <>
      <p className="hidden" role="status">
        {said}
      </p>
      {tickets
        .filter((ticket) => followed.includes(ticket.id))
        .map((ticket) => (
          <Stream
            key={ticket.id}
            ticket={ticket}
            onChange={(now) => {
              setSaid(`${now.title}: ${now.available} of ${now.quantity} left, ${now.sold} sold.`)
              anew()
            }}
            onGone={anew}
          />
        ))}
    </>
  )
}

function Stream({
  ticket,
  onChange,
  onGone,
}: {
  ticket: Watched
  onChange: (now: Ticket) => void
  onGone: () => void
}) {
  useLive<Ticket>(
    `/api/tickets/${ticket.id}/live`,
    'ticket',
    (now) => {
      if (now.version > ticket.version) onChange(now)
    },
    onGone,
  )
  return null
}

/** The tickets whose rows are in view, from the top; none while the page itself is not. */
function useInView(tickets: Watched[]): string[] {
  const [seen, setSeen] = useState<ReadonlySet<string>>(new Set())
  const [shown, setShown] = useState(true)
  const ids = tickets.map((ticket) => ticket.id).join(' ')
  const note = useEffectEvent((entries: IntersectionObserverEntry[]) => {
    const next = new Set(seen)
    for (const entry of entries) {
      const id = entry.target.getAttribute(WATCHED) ?? ''
      if (entry.isIntersecting) next.add(id)
      else next.delete(id)
    }
    setSeen(next)
  })
  useEffect(() => {
    const observer = new IntersectionObserver((entries) => note(entries))
    for (const id of ids.split(' ')) {
      const row = document.querySelector(`[${WATCHED}="${id}"]`)
      if (row) observer.observe(row)
    }
    return () => observer.disconnect()
  }, [ids])
  useEffect(() => {
    const changed = () => setShown(document.visibilityState === 'visible')
    changed()
    document.addEventListener('visibilitychange', changed)
    return () => document.removeEventListener('visibilitychange', changed)
  }, [])
  return shown ? ids.split(' ').filter((id) => seen.has(id)) : []
}
