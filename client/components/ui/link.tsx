'use client'

import { useRouter } from 'next/navigation'
import type { ComponentProps } from 'react'

/**
 * A link to another page of ours, followed without loading the document anew where scripts run.
 *
 * Next.js' own does the same and brings five kilobytes more on every page, for what is not used here: it fetches pages
 * before anybody asks for them, and a crowd in a queue must not ask for more than it looks at.
 */
export function Link({
  href,
  scroll = true,
  ...rest
}: ComponentProps<'a'> & { href: string; scroll?: boolean }) {
  const router = useRouter()
  return (
    <a
      href={href}
      onClick={(click) => {
        const elsewhere = click.metaKey || click.ctrlKey || click.shiftKey || click.altKey
        if (click.defaultPrevented || click.button !== 0 || elsewhere) return
        click.preventDefault()
        router.push(href, { scroll })
      }}
      {...rest}
    />
  )
}
