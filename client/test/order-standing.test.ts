import { describe, expect, test } from 'vitest'
import { isMoving, standingOf, unsettled } from '@/lib/order-standing'

const expiresAt = '2030-06-01T19:30:00.000Z'
const before = Date.parse(expiresAt) - 1
const after = Date.parse(expiresAt) + 1

describe('how an order stands', () => {
  test('while it lives', () => {
    expect(standingOf({ status: 'created', expiresAt }, [], before)).toBe('open')
    // The server ends it, not the clock.
    expect(standingOf({ status: 'created', expiresAt }, [], after)).toBe('open')
    expect(standingOf({ status: 'awaiting:payment', expiresAt }, [], after)).toBe('paying')
  })

  test('once it is paid, whatever was declined before', () => {
    const payments = [{ status: 'declined' as const }, { status: 'captured' as const }]
    expect(standingOf({ status: 'complete', expiresAt }, payments, after)).toBe('paid')
  })

  test('once it has ended', () => {
    const order = { status: 'cancelled' as const, expiresAt }
    expect(standingOf(order, [], before)).toBe('cancelled')
    expect(standingOf(order, [{ status: 'declined' }], after)).toBe('expired')
    expect(standingOf(order, [{ status: 'started' }], before)).toBe('settling')
    expect(standingOf(order, [{ status: 'captured' }], before)).toBe('refunding')
    expect(standingOf(order, [{ status: 'refunding' }], after)).toBe('refunding')
    expect(standingOf(order, [{ status: 'refunded' }], after)).toBe('refunded')
  })
})

test('money that is under way is watched once the order has ended', () => {
  const started = { status: 'started' as const, id: 'b' }
  const payments = [{ status: 'declined' as const, id: 'a' }, started]
  expect(unsettled({ status: 'cancelled' }, payments)).toBe(started)
  expect(unsettled({ status: 'awaiting:payment' }, payments)).toBeUndefined()
  expect(unsettled({ status: 'cancelled' }, [{ status: 'refunded' }])).toBeUndefined()
  expect(isMoving('settling')).toBe(true)
  expect(isMoving('refunded')).toBe(false)
})
