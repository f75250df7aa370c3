import Link from 'next/link'
import { signOut } from '@/lib/actions/session'
import { currentUser } from '@/lib/session'
import styles from './frame.module.css'
import { NavLink, SignInLink } from './nav-link'

export async function Header() {
  const user = await currentUser()
  return (
    <header className={styles.header}>
      <a className={styles.skip} href="#main">
        Skip to content
      </a>
      <div className={styles.bar}>
        <Link className={styles.brand} href="/" prefetch={false}>
          <Mark />
          Ticketing
        </Link>
        {user ? (
          <nav className={styles.nav} aria-label="Main">
            <NavLink href="/">Browse</NavLink>
            <NavLink href="/orders">Orders</NavLink>
            <NavLink href="/my-tickets">Selling</NavLink>
            <NavLink href="/account">Account</NavLink>
          </nav>
        ) : (
          <nav className={styles.nav} aria-label="Main">
            <NavLink href="/">Browse</NavLink>
            <SignInLink to="/signin">Sign in</SignInLink>
            <SignInLink to="/signup">Sign up</SignInLink>
          </nav>
        )}
        <div className={styles.side}>
          {user && (
            <form action={signOut} className={styles.signOut}>
              <span className={styles.who} title={user.email}>
                {user.email}
              </span>
              <button type="submit" className={styles.plain}>
                Sign out
              </button>
            </form>
          )}
          <Link className={styles.sell} href="/sell" prefetch={false}>
            Sell a ticket
          </Link>
        </div>
      </div>
    </header>
  )
}

/** A ticket, torn at the perforation. */
function Mark() {
  return (
    <svg className={styles.mark} viewBox="0 0 36 24" aria-hidden="true" focusable="false">
      <path
        className={styles.markBody}
        d="M3 1h17a3 3 0 0 0 3 2.6v16.8A3 3 0 0 0 20 23H3a2 2 0 0 1-2-2V3a2 2 0 0 1 2-2z"
      />
      <path
        className={styles.markStub}
        d="M26.4 1.2 33.3 2.4a2 2 0 0 1 1.7 2.3l-2.5 15a2 2 0 0 1-2.3 1.7L25 20.5V3.4a3 3 0 0 0 1.4-2.2z"
      />
    </svg>
  )
}
