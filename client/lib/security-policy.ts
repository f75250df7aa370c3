import type { Provider } from './payment-provider'

/**
 * What a page may load, and where its forms may lead. `provider` is who moves the money, for a page on which one pays. Where its
 * own pages are, forms may lead: one that is sent without scripts is redirected there, and a browser counts that as the
 * form's doing. Where its script fills a part of the page, that may load what it needs, and nothing more.
 */
export function contentSecurityPolicy(nonce: string, provider?: Provider): string {
  const { pages, element } = provider ?? {}
  // The development server evaluates code and injects styles, to replace modules as one edits them.
  const dev = process.env.NODE_ENV === 'development'
  return [
    "default-src 'none'",
    // Browsers that know 'strict-dynamic' go by what our own scripts load, older ones by the sources.
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'${dev ? " 'unsafe-eval'" : ''}${also(element?.scripts)}`,
    `style-src 'self'${dev ? " 'unsafe-inline'" : ''}`,
    "img-src 'self'",
    "font-src 'self'",
    `connect-src 'self'${dev ? ' ws:' : ''}${also(element?.calls)}`,
    ...(element ? [`frame-src${also(element.frames) || " 'none'"}`] : []),
    "manifest-src 'self'",
    `form-action 'self'${also(pages ? [pages] : [])}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "object-src 'none'",
  ].join('; ')
}

/** Those that are one origin each, or all below one; anything else would say more. */
function also(sources: string[] = []): string {
  return sources
    .filter(isOrigin)
    .map((source) => ` ${source}`)
    .join('')
}

function isOrigin(text: string): boolean {
  // Below a name of at least three labels: nobody but its owner can have one there.
  const origin = text.replace(/^https:\/\/\*\.(?=[\w-]+\.[\w-]+\.)/, 'https://')
  return (
    /^https?:\/\/[\w.:[\]-]+$/.test(origin) &&
    URL.canParse(origin) &&
    new URL(origin).origin === origin
  )
}
