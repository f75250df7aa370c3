import type { ReactNode } from 'react'
import styles from './ui.module.css'

/** Something to know about what is shown: a sentence, and where there is one, the next action. */
export function Notice({
  tone,
  title,
  children,
}: {
  tone: 'good' | 'bad' | 'wait' | 'plain'
  title: string
  children?: ReactNode
}) {
  return (
    <div className={styles.notice} data-tone={tone}>
      <p className={styles.noticeTitle}>{title}</p>
      {children}
    </div>
  )
}
