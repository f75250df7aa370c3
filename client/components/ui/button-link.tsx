import type { ReactNode } from 'react'
import { Link } from '@/components/ui/link'
import styles from './button.module.css'

/** A link that looks like a button: for where to go next. What changes something is a `Submit` in a `Form`. */
export function ButtonLink({
  href,
  look = 'primary',
  wide = false,
  children,
}: {
  href: string
  look?: 'primary' | 'quiet' | 'danger'
  wide?: boolean
  children: ReactNode
}) {
  return (
    <Link className={styles.button} data-look={look} data-wide={wide || undefined} href={href}>
      {children}
    </Link>
  )
}
