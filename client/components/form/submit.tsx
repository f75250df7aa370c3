'use client'

import type { ReactNode } from 'react'
import { useFormStatus } from 'react-dom'
import styles from '../ui/button.module.css'

/** The button that sends the form around it. While it is under way it says so and cannot be pressed again. */
export function Submit({
  children,
  busy = 'One moment…',
  look = 'primary',
  name,
  value,
  wide = false,
}: {
  children: ReactNode
  /** What it says while under way. */
  busy?: string
  look?: 'primary' | 'quiet' | 'danger'
  name?: string
  value?: string
  wide?: boolean
}) {
  const { pending, data } = useFormStatus()
  const mine = pending && (name === undefined || data?.get(name) === value)
  return (
    <button
      type="submit"
      className={styles.button}
      data-look={look}
      data-wide={wide || undefined}
      name={name}
      value={value}
      // Not `disabled`, which would lose the focus.
      aria-disabled={pending || undefined}
      onClick={(event) => pending && event.preventDefault()}
    >
      {mine ? busy : children}
    </button>
  )
}
