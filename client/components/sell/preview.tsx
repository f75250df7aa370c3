'use client'

import { useEffect, useRef, useState } from 'react'
import { count, money } from '@/lib/money'
import { previewOf } from '@/lib/zones'
import { useForm } from '../form/form'
import { StubView } from '../ticket/stub-view'
import styles from './sell.module.css'

/** The ticket as buyers will see it in the list: follows what is typed; without scripts, what was sent last. */
export function Preview({ locale, taken }: { locale: string; taken: number }) {
  const { state } = useForm()
  const [typed, setTyped] = useState<Record<string, string> | null>(null)
  const place = useRef<HTMLElement>(null)

  useEffect(() => {
    const form = place.current?.closest('form')
    if (!form) return
    const read = () => {
      const values: Record<string, string> = {}
      for (const [name, value] of new FormData(form)) {
        if (typeof value === 'string') values[name] = value
      }
      setTyped(values)
    }
    read()
    form.addEventListener('input', read)
    form.addEventListener('change', read)
    return () => {
      form.removeEventListener('input', read)
      form.removeEventListener('change', read)
    }
  }, [])

  const values = typed ?? state.values
  const value = (name: string) => (values[name] ?? '').trim()
  const currency = value('currency')
  const price = Number(value('price').replace(',', '.'))
  const quantity = Number.parseInt(value('quantity'), 10)
  // What is no number is left for the form to say.
  const left = Math.max(0, (quantity || 1) - taken)
  const title = value('title')
  const timeZone = value('event.timeZone') || undefined
  const startsAt = previewOf(value('event.startsAt'), timeZone ?? 'UTC')
  const venue = value('event.venue') || undefined
  const event = { name: value('event.name') || title, venue, startsAt, timeZone }
  return (
    <section ref={place} className={styles.preview} aria-labelledby="preview-title">
      <h2 className={styles.part} id="preview-title">
        How buyers will see it
      </h2>
      <StubView
        locale={locale}
        level={3}
        title={title || 'Your ticket'}
        event={startsAt || venue || value('event.name') ? event : undefined}
        price={price > 0 && currency ? money(price, currency, locale) : '–'}
        note={left === 0 ? 'Sold out' : left === 1 ? 'Last one' : `${count(left, locale)} left`}
        spent={left === 0}
      />
    </section>
  )
}
