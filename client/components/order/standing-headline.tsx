'use client'

import { type ReactNode, useEffect, useRef, useState } from 'react'

/**
 * The page's `h1`, which says when the order comes to stand differently: what one was about to press may be gone then,
 * and the focus with it. Said once: by taking the lost focus, else by a live region.
 */
export function StandingHeadline({
  standing,
  children,
}: {
  standing: string
  children: ReactNode
}) {
  const heading = useRef<HTMLHeadingElement>(null)
  const before = useRef(standing)
  const [said, setSaid] = useState('')
  useEffect(() => {
    if (before.current === standing) return
    before.current = standing
    const lost = document.activeElement === null || document.activeElement === document.body
    if (lost) heading.current?.focus()
    else setSaid(heading.current?.textContent ?? '')
  }, [standing])
  return (
    <>
      <h1 ref={heading} tabIndex={-1}>
        {children}
      </h1>
      <p className="hidden" role="status">
        {said}
      </p>
    </>
  )
}
