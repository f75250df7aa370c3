import { type NextRequest, NextResponse } from 'next/server'
import { apiOrigin } from './lib/api/origin'
import { isId, isOrderPath } from './lib/paths'
import { type Provider, paymentProvider } from './lib/payment-provider'
import { contentSecurityPolicy } from './lib/security-policy'

/**
 * Before every page: a nonce and the Content-Security-Policy that names it, and the word to the server in front which
 * pages look the same to everybody, so that it may keep them for a moment.
 */
export async function proxy(request: NextRequest): Promise<NextResponse> {
  const { pathname } = request.nextUrl
  if (pathname === '/api' || pathname.startsWith('/api/')) return toApi(request)
  const tidy = withoutEmptyFields(request)
  if (tidy) return NextResponse.redirect(tidy, 307)

  const nonce = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))))
  const provider = await paidBy(request)
  const policy = contentSecurityPolicy(nonce, provider)
  const headers = new Headers(request.headers)
  // Next.js reads the nonce for its own scripts from here.
  headers.set('content-security-policy', policy)
  headers.set('x-nonce', nonce)

  const status = await statusOf(request)
  const answer = NextResponse.next({ request: { headers }, status })
  answer.headers.set('content-security-policy', policy)
  answer.headers.set('x-content-type-options', 'nosniff')
  answer.headers.set('referrer-policy', 'strict-origin-when-cross-origin')
  // Wallets that the provider's script offers open windows of their own, and hear from them.
  const opener = provider?.element ? 'same-origin-allow-popups' : 'same-origin'
  answer.headers.set('cross-origin-opener-policy', opener)
  answer.headers.set('permissions-policy', 'camera=(), microphone=(), geolocation=()')
  if (request.headers.get('x-forwarded-proto') === 'https') {
    answer.headers.set('strict-transport-security', 'max-age=31536000; includeSubDomains')
  }
  const keep = keepAs(request)
  if (keep && status === 200) answer.headers.set('x-ticketing-keep', keep)
  return answer
}

export const config = {
  matcher: [
    // Everything but files that are the same for everybody and for ever.
    '/((?!_next/static|_next/image|icon.svg|manifest.webmanifest|robots.txt|sitemap.xml).*)',
  ],
}

/** Who moves the money, for pages on which one pays. */
async function paidBy(request: NextRequest): Promise<Provider | undefined> {
  return isOrderPath(request.nextUrl.pathname) ? paymentProvider() : undefined
}

/** Which of the pages that look the same to everybody who is not signed in this is. */
function keepAs(request: NextRequest): string | undefined {
  if (request.method !== 'GET' || request.cookies.has('session')) return undefined
  const { pathname } = request.nextUrl
  if (pathname === '/') return 'browse'
  const ticket = /^\/tickets\/([0-9a-f]{24})$/.exec(pathname)?.[1]
  return ticket ? `ticket/${ticket}` : undefined
}

/**
 * The status of a ticket's page. A page that has nothing to show says so by itself; but it cannot set its own status, and
 * search engines go by that.
 */
async function statusOf(request: NextRequest): Promise<200 | 404 | 503> {
  const id = /^\/tickets\/([^/]+)$/.exec(request.nextUrl.pathname)?.[1]
  if (id === undefined || request.method !== 'GET') return 200
  if (!isId(id)) return 404
  try {
    const answer = await fetch(new URL(`/api/tickets/${id}`, apiOrigin('/api/tickets')), {
      method: 'HEAD',
      signal: AbortSignal.timeout(2_000),
    })
    if (answer.status === 404) return 404
    return answer.ok ? 200 : 503
  } catch {
    return 503
  }
}

/** A search form that is sent without scripts names all its fields; the address keeps those that say something. */
function withoutEmptyFields(request: NextRequest): URL | undefined {
  if (request.nextUrl.pathname !== '/' || request.method !== 'GET') return undefined
  const kept = [...request.nextUrl.searchParams].filter(([, value]) => value !== '')
  if (kept.length === request.nextUrl.searchParams.size || request.headers.has('rsc'))
    return undefined
  const address = request.nextUrl.clone()
  address.search = new URLSearchParams(kept).toString()
  return address
}

/** Where nothing stands in front, the browser's event streams are passed on from here. */
function toApi(request: NextRequest): NextResponse {
  const { pathname, search } = request.nextUrl
  return NextResponse.rewrite(new URL(pathname + search, apiOrigin(pathname)))
}
