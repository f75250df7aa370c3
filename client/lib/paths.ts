/** Where a sign-in may lead: a path of this site and nothing else. */
export function safeNext(value: string | string[] | null | undefined, fallback = '/'): string {
  const wanted = Array.isArray(value) ? value[0] : value
  // A second slash or a backslash would name another host.
  if (!wanted?.startsWith('/') || /^\/[/\\]/.test(wanted)) return fallback
  try {
    const base = 'http://this.invalid'
    const address = new URL(wanted, base)
    if (address.origin !== base) return fallback
    const path = address.pathname + address.search + address.hash
    return path.startsWith('//') ? fallback : path
  } catch {
    return fallback
  }
}

/** The address of a sign-in that returns to `path`. */
export function signInFor(path: string): string {
  return path === '/' ? '/signin' : `/signin?next=${encodeURIComponent(path)}`
}

/** Ids are 24 lower-case hex digits; what is none names nothing. */
export function isId(value: string): boolean {
  return /^[0-9a-f]{24}$/.test(value)
}

/** Whether this is the page of an order. */
export function isOrderPath(path: string): boolean {
  const [, area, id, more] = path.split('/')
  return area === 'orders' && id !== undefined && isId(id) && more === undefined
}
