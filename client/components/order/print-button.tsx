'use client'

import button from '../ui/button.module.css'

export function PrintButton() {
  return (
    <button
      type="button"
      className={`${button.button} scripted`}
      data-look="quiet"
      onClick={() => window.print()}
    >
      Print the receipt
    </button>
  )
}
