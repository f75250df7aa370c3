import type { ReactNode } from 'react'
import styles from './ui.module.css'

/** Where a list would be, if there were anything in it: a blank ticket, a sentence and the next action. */
export function Empty({
  title,
  level = 2,
  children,
}: {
  title: string
  level?: 1 | 2
  children?: ReactNode
}) {
  const Heading = level === 1 ? 'h1' : 'h2'
  return (
    <div className={styles.empty}>
      <div className={styles.blank} aria-hidden="true" />
      <Heading className={styles.emptyTitle}>{title}</Heading>
      <div className={styles.emptyText}>{children}</div>
    </div>
  )
}
