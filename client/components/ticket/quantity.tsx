'use client'

import { useId, useState } from 'react'
import type { Ticket } from '@/lib/api'
import { money, times } from '@/lib/money'
import { useForm } from '../form/form'
import styles from './ticket-page.module.css'

/** How many, and what that comes to. Without scripts it is a number field alone. */
export function Quantity({ ticket, locale }: { ticket: Ticket; locale: string }) {
  const { state } = useForm()
  const id = useId()
  const [wanted, setWanted] = useState(state.values.quantity ?? '1')
  const number = Number.parseInt(wanted, 10)
  const valid = number >= 1 && number <= ticket.available
  const fault = state.fields.quantity
  const step = (by: number) => {
    const from = Number.isNaN(number) ? 1 : number
    setWanted(String(Math.min(Math.max(from + by, 1), ticket.available)))
  }
  return (
    <div className={styles.quantity}>
      <label htmlFor={id}>How many</label>
      <div className={styles.stepper}>
        <button type="button" aria-label="One less" onClick={() => step(-1)}>
          −
        </button>
        <input
          id={id}
          name="quantity"
          type="number"
          inputMode="numeric"
          min={1}
          max={ticket.available}
          required
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
          aria-invalid={fault ? true : undefined}
          aria-describedby={fault ? `${id}-fault` : undefined}
        />
        <button type="button" aria-label="One more" onClick={() => step(1)}>
          +
        </button>
      </div>
      {fault ? (
        <p className={styles.fault} id={`${id}-fault`}>
          {fault}
        </p>
      ) : null}
      <p className={styles.total}>
        <span>Total</span>
        <output htmlFor={id} className="figures">
          {valid
            ? money(times(ticket.price, number, ticket.currency), ticket.currency, locale)
            : '–'}
        </output>
      </p>
    </div>
  )
}
