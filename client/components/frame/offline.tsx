'use client'

import { useSyncExternalStore } from 'react'
import styles from './frame.module.css'

/** Says so while the browser has no connection: what is shown may be out of date, and nothing can be bought. */
export function Offline() {
  const online = useSyncExternalStore(
    subscribe,
    () => navigator.onLine,
    () => true,
  )
  return (
    <div role="status">
      {online ? null : (
        <p className={styles.offline}>
          You are offline. What you see may be out of date; it is brought up to date once you are
          connected.
        </p>
      )}
    </div>
  )
}

function subscribe(changed: () => void) {
  window.addEventListener('online', changed)
  window.addEventListener('offline', changed)
  return () => {
    window.removeEventListener('online', changed)
    window.removeEventListener('offline', changed)
  }
}
