import { Link } from '@/components/ui/link'
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
        <Link className={styles.brand} href="/">
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
          <Link className={styles.sell} href="/sell">
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
    <svg className={styles.mark} viewBox="0 0 42 24" aria-hidden="true" focusable="false">
      <path
        className={styles.markBody}
        d="M3.5 1H24a3.2 3.2 0 0 0 3.2 3.2v15.6A3.2 3.2 0 0 0 24 23H3.5A2.5 2.5 0 0 1 1 20.5v-17A2.5 2.5 0 0 1 3.5 1z"
      />
      <path
        className={styles.markStub}
        d="M32 1h6.5A2.5 2.5 0 0 1 41 3.5v17a2.5 2.5 0 0 1-2.5 2.5H32a3.2 3.2 0 0 0-3.2-3.2V4.2A3.2 3.2 0 0 0 32 1z"
      />
    </svg>
  )
}
