import { describe, expect, it } from 'vitest'
import { contentSecurityPolicy } from '@/lib/security-policy'

function formAction(pages?: string): string | undefined {
  const rules = contentSecurityPolicy('n0nce', pages).split('; ')
  return rules.find((rule) => rule.startsWith('form-action'))
}

describe('where forms may lead', () => {
  it('is here, and to the one place where one pays', () => {
    expect(formAction()).toBe("form-action 'self'")
    const stripe = 'https://checkout.stripe.com'
    expect(formAction(stripe)).toBe(`form-action 'self' ${stripe}`)
    expect(formAction('http://127.0.0.1:9')).toBe("form-action 'self' http://127.0.0.1:9")
  })

  it('is here alone where that place is none', () => {
    for (const wrong of ['*', 'https:', 'https://*.example', 'https://a.example; script-src *']) {
      expect(formAction(wrong)).toBe("form-action 'self'")
    }
  })
})
