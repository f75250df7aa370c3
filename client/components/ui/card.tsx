import type { ReactNode } from 'react'
import styles from './card.module.css'

/** A sheet of paper to put a form or facts on. `narrow` is for a form that stands alone on its page. */
export function Card({ narrow = false, children }: { narrow?: boolean; children: ReactNode }) {
  return (
    <div className={styles.card} data-narrow={narrow || undefined}>
      {children}
    </div>
  )
}

/** The fields of a form, one below the other. */
export function Stack({ children }: { children: ReactNode }) {
  return <div className={styles.stack}>{children}</div>
}

/** Fields or buttons beside each other where there is room. */
export function Row({ children }: { children: ReactNode }) {
  return <div className={styles.row}>{children}</div>
}
