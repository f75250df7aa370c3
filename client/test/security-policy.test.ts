import { describe, expect, it } from 'vitest'
import { contentSecurityPolicy } from '@/lib/security-policy'

function rule(kind: string, pages?: string): string | undefined {
  const provider = pages ? { name: 'stripe', pages } : undefined
  return contentSecurityPolicy('n0nce', provider)
    .split('; ')
    .find((rule) => rule.startsWith(kind))
}

describe('where forms may lead', () => {
  it('is here, and to the one place where one pays', () => {
    expect(rule('form-action')).toBe("form-action 'self'")
    const stripe = 'https://checkout.stripe.com'
    expect(rule('form-action', stripe)).toBe(`form-action 'self' ${stripe}`)
    expect(rule('form-action', 'http://127.0.0.1:9')).toBe("form-action 'self' http://127.0.0.1:9")
  })

  it('is here alone where that place is none', () => {
    for (const wrong of ['*', 'https:', 'https://*.example', 'https://a.example; script-src *']) {
      expect(rule('form-action', wrong)).toBe("form-action 'self'")
    }
  })
})

describe('what a provider’s script may load', () => {
  const element = {
    script: 'https://js.stripe.com/v3/',
    scripts: ['https://js.stripe.com', 'https://*.js.stripe.com'],
    frames: ['https://js.stripe.com', 'https://hooks.stripe.com'],
    calls: ['https://api.stripe.com'],
  }

  it('is what it needs, where cards are asked for in the page', () => {
    const rules = contentSecurityPolicy('n0nce', { name: 'stripe', element }).split('; ')
    expect(rules).toContain(
      "script-src 'self' 'nonce-n0nce' 'strict-dynamic' https://js.stripe.com https://*.js.stripe.com",
    )
    expect(rules).toContain('frame-src https://js.stripe.com https://hooks.stripe.com')
    expect(rules).toContain("connect-src 'self' https://api.stripe.com")
    expect(rules).toContain("default-src 'none'")
  })

  it('is nothing anywhere else', () => {
    expect(rule('frame-src')).toBeUndefined()
    expect(rule('frame-src', 'https://checkout.stripe.com')).toBeUndefined()
    expect(contentSecurityPolicy('n0nce', { name: 'stripe' })).toBe(contentSecurityPolicy('n0nce'))
  })

  it('is never everything', () => {
    const wrong = ['*', 'https:', 'https://*.com', "'unsafe-inline'", 'https://a.example; x *']
    const all = { script: '', scripts: wrong, frames: wrong, calls: wrong }
    const rules = contentSecurityPolicy('n0nce', { name: 'stripe', element: all }).split('; ')
    expect(rules).toContain("connect-src 'self'")
    expect(rules).toContain("script-src 'self' 'nonce-n0nce' 'strict-dynamic'")
    expect(rules).toContain("frame-src 'none'")
  })
})
