import { describe, expect, it } from 'vitest'
import { outcomeOf } from '@/lib/stripe'

describe('what is said of a payment in the page', () => {
  const of = (status: string) => outcomeOf({ paymentIntent: { status } }).kind
  const failed = (type: string, more: object = {}) => outcomeOf({ error: { type, ...more } })

  it('is that it is made, where it is, or where the bank is at it', () => {
    expect(of('succeeded')).toBe('made')
    expect(of('processing')).toBe('made')
  })

  it('is why not, in the bank’s words, and that nothing was charged', () => {
    const said = failed('card_error', { message: 'Your card was declined.' })
    expect(said.kind).toBe('failed')
    expect(said.message).toMatch(/^Your card was declined\. Nothing was charged/)
    expect(failed('card_error').message).toMatch(/^The payment did not go through\. Nothing/)
  })

  it('is what to fill in, where something is missing', () => {
    const said = failed('validation_error', { message: 'Your card number is incomplete.' })
    expect(said).toEqual({ kind: 'failed', message: 'Your card number is incomplete.' })
  })

  it('is never that nothing was charged where that is not known', () => {
    for (const type of ['api_connection_error', 'api_error', 'rate_limit_error', 'new_in_2031']) {
      expect(failed(type).kind).toBe('failed')
      expect(failed(type).message).not.toMatch(/othing was charged/)
    }
    expect(of('requires_capture')).toBe('failed')
  })

  it('goes by what has become of the payment, whatever the attempt was answered', () => {
    const nowIn = (status: string) =>
      failed('invalid_request_error', {
        code: 'payment_intent_unexpected_state',
        payment_intent: { status },
      }).kind
    expect(nowIn('succeeded')).toBe('made')
    expect(nowIn('canceled')).toBe('over')
  })
})
