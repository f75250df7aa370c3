'use client'

import { differing, fieldNames } from '@/lib/listing'
import { useForm } from '../form/form'
import styles from './sell.module.css'

/** What a form carries along unseen, and what an action may give another value. */
export function Kept({ name }: { name: string }) {
  const { state } = useForm()
  return <input type="hidden" name={name} value={state.values[name] ?? ''} />
}

/** Where the ticket was changed elsewhere: what it says now, beside what one typed. */
export function Differences() {
  const { state } = useForm()
  const theirs = parsed(state.values.theirs)
  if (!theirs) return null
  const names = differing(theirs, state.values)
  return (
    <section className={styles.differences} aria-labelledby="differences-title">
      <h2 className={styles.part} id="differences-title">
        {names.length > 0 ? 'What differs' : 'Both say the same now'}
      </h2>
      <dl>
        {names.map((name) => (
          <div key={name} className={styles.difference}>
            <dt>{fieldNames[name]}</dt>
            <dd>
              <span className={styles.whose}>On sale now</span> {said(theirs[name])}
            </dd>
            <dd>
              <span className={styles.whose}>Yours</span> {said(state.values[name])}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  )
}

function said(text: string | undefined): string {
  return text?.trim().replace(/T(?=\d\d:)/, ', ') || '(nothing)'
}

function parsed(text: string | undefined): Record<string, string> | undefined {
  if (!text) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
