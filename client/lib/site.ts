import 'server-only'
import { headers } from 'next/headers'

/** The address that the visitor sees, as the server in front tells it. */
export async function siteOrigin(): Promise<URL> {
  const incoming = await headers()
  const host = incoming.get('x-forwarded-host') ?? incoming.get('host') ?? 'localhost'
  const scheme =
    incoming.get('x-forwarded-proto')?.split(',')[0]?.trim() === 'https' ? 'https' : 'http'
  try {
    return new URL(`${scheme}://${host}`)
  } catch {
    return new URL('http://localhost')
  }
}

/** The nonce that this page's Content-Security-Policy names. */
export async function pageNonce(): Promise<string | undefined> {
  return (await headers()).get('x-nonce') ?? undefined
}
