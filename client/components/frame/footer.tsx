import { Link } from '@/components/ui/link'
import { signOut } from '@/lib/actions/session'
import { currentUser } from '@/lib/session'
import styles from './frame.module.css'

export async function Footer() {
  const user = await currentUser()
  return (
    <footer className={styles.footer}>
      <div className={styles.footerBar}>
        <p>Tickets are held for you while you pay, and not a second longer.</p>
        <ul className={styles.footerLinks}>
          <li>
            <Link href="/sell">Sell a ticket</Link>
          </li>
          <li>
            <a href="/api/docs">API</a>
          </li>
          {user && (
            <li className={styles.footerSignOut}>
              <form action={signOut}>
                <button type="submit" className={styles.plain}>
                  Sign out
                </button>
              </form>
            </li>
          )}
        </ul>
      </div>
    </footer>
  )
}
