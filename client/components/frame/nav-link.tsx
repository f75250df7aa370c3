'use client'

import { usePathname } from 'next/navigation'
import type { ReactNode } from 'react'
import { Link } from '@/components/ui/link'
import { signInFor } from '@/lib/paths'
import styles from './frame.module.css'

/** A link of the main navigation, which says whether it is where one is. */
export function NavLink({ href, children }: { href: string; children: ReactNode }) {
  const path = usePathname()
  const here = href === '/' ? path === '/' : path === href || path.startsWith(`${href}/`)
  return (
    <Link className={styles.link} href={href} aria-current={here ? 'page' : undefined}>
      {children}
    </Link>
  )
}

/** Leads to the sign-in or the sign-up, and from there back to where one is. */
export function SignInLink({ to, children }: { to: '/signin' | '/signup'; children: ReactNode }) {
  const path = usePathname()
  const away = path === '/signin' || path === '/signup' ? '/' : path
  return (
    <Link
      className={styles.link}
      href={signInFor(away).replace('/signin', to)}
      aria-current={path === to ? 'page' : undefined}
    >
      {children}
    </Link>
  )
}
