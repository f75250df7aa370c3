import 'server-only'
import { cookies, headers } from 'next/headers'
import { redirect } from 'next/navigation'
import { cache } from 'react'
import { mayRepeat, type User, users } from './api'
import { localeOf } from './locale'
import { signInFor } from './paths'

const session = cache(async () => {
  const jar = await cookies()
  return jar.has('session') ? users.current() : undefined
})

/** Who looks at the page; asked at most once for each request, and not at all for those without a session. */
export async function currentUser(): Promise<User | null> {
  const answer = await session()
  return answer?.ok ? answer.data.currentUser : null
}

/** Who looks at the page, or off to the sign-in, which leads back to `path`. */
export async function requireUser(path: string): Promise<User> {
  const answer = await session()
  if (answer && !answer.ok && mayRepeat(answer.problem)) {
    // Not thrown: the page of an error is built by scripts alone.
    redirect(`/trouble?next=${encodeURIComponent(path)}`)
  }
  const user = answer?.ok ? answer.data.currentUser : null
  if (!user) redirect(signInFor(path))
  return user
}

/** How amounts and dates are written for the visitor. */
export const visitorLocale = cache(async (): Promise<string> => {
  return localeOf((await headers()).get('accept-language'))
})

/** Hands the API's cookies on to the browser as they are; only in actions. */
export async function passOnCookies(setCookies: string[]): Promise<void> {
  const jar = await cookies()
  for (const line of setCookies) {
    const cookie = parsed(line)
    if (cookie) jar.set(cookie)
  }
}

type Cookie = {
  name: string
  value: string
  path?: string
  maxAge?: number
  expires?: Date
  httpOnly?: boolean
  secure?: boolean
  sameSite?: 'lax' | 'strict' | 'none'
}

function parsed(line: string): Cookie | undefined {
  const [pair, ...attributes] = line.split(';').map((part) => part.trim())
  const at = pair?.indexOf('=') ?? -1
  if (!pair || at < 1) return undefined
  const cookie: Cookie = { name: pair.slice(0, at), value: pair.slice(at + 1) }
  for (const attribute of attributes) {
    const [name, value = ''] = attribute.split('=', 2)
    switch (name?.toLowerCase()) {
      case 'path':
        cookie.path = value
        break
      case 'max-age':
        cookie.maxAge = Number.parseInt(value, 10)
        break
      case 'expires':
        cookie.expires = new Date(value)
        break
      case 'httponly':
        cookie.httpOnly = true
        break
      case 'secure':
        cookie.secure = true
        break
      case 'samesite':
        cookie.sameSite = value.toLowerCase() as Cookie['sameSite']
        break
    }
  }
  return cookie
}
