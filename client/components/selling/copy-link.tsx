'use client'

import { useId, useRef, useState } from 'react'
import button from '../ui/button.module.css'
import styles from './selling.module.css'

/** An address to pass on: to copy with one press where scripts run, and else by hand. */
export function CopyLink({ address, label }: { address: string; label: string }) {
  const id = useId()
  const field = useRef<HTMLInputElement>(null)
  const [said, setSaid] = useState('')
  const copy = async () => {
    field.current?.select()
    try {
      // Not there on plain-http addresses other than this machine's own; then it is selected at least.
      await navigator.clipboard.writeText(address)
      setSaid('Copied.')
    } catch {
      setSaid('Selected: copy it with the keyboard or the menu.')
    }
  }
  return (
    <div className={styles.address}>
      <label htmlFor={id}>{label}</label>
      <div className={styles.addressLine}>
        <input
          id={id}
          ref={field}
          readOnly
          value={address}
          onFocus={(event) => event.target.select()}
        />
        <span className="scripted">
          <button type="button" className={button.button} onClick={copy}>
            Copy
          </button>
        </span>
      </div>
      <p className={styles.copied} role="status">
        {said}
      </p>
    </div>
  )
}
