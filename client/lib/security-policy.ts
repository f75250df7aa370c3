/**
 * What a page may load, and where its forms may lead. `pages` is where the payment provider's own pages are: a form that is
 * sent without scripts is redirected there, and a browser counts that as the form's doing.
 */
export function contentSecurityPolicy(nonce: string, pages?: string): string {
  // The development server evaluates code and injects styles, to replace modules as one edits them.
  const dev = process.env.NODE_ENV === 'development'
  return [
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'${dev ? " 'unsafe-eval'" : ''}`,
    `style-src 'self'${dev ? " 'unsafe-inline'" : ''}`,
    "img-src 'self'",
    "font-src 'self'",
    `connect-src 'self'${dev ? ' ws:' : ''}`,
    "manifest-src 'self'",
    `form-action 'self'${pages && isOrigin(pages) ? ` ${pages}` : ''}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "object-src 'none'",
  ].join('; ')
}

/** Anything else would say more than one place. */
function isOrigin(text: string): boolean {
  return (
    /^https?:\/\/[\w.:[\]-]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text
  )
}
