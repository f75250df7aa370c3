import type { ReactNode } from 'react'
import styles from './ui.module.css'

/** The top of a page: its one `h1`, a sentence, and to the side what one can do. */
export function PageHead({
  title,
  lead,
  children,
}: {
  title: ReactNode
  lead?: ReactNode
  children?: ReactNode
}) {
  return (
    <div className={styles.head}>
      <div>
        <h1>{title}</h1>
        {lead && <p className={styles.lead}>{lead}</p>}
      </div>
      {children && <div className={styles.headSide}>{children}</div>}
    </div>
  )
}
