import { describe, expect, test } from 'vitest'
import { isMoving, standingOf, unsettled } from '@/lib/order-standing'

describe('how an order stands', () => {
  test('while it lives', () => {
    expect(standingOf({ status: 'created' }, [])).toBe('open')
    expect(standingOf({ status: 'awaiting:payment', paymentId: 'a' }, [])).toBe('paying')
  })

  test('once a payment was declined: it can be paid again', () => {
    expect(standingOf({ status: 'awaiting:payment' }, [{ status: 'declined' }])).toBe('open')
    const declined = { id: 'a', status: 'declined' as const }
    const started = { id: 'b', status: 'started' as const }
    expect(standingOf({ status: 'awaiting:payment', paymentId: 'a' }, [declined])).toBe('open')
    expect(standingOf({ status: 'awaiting:payment', paymentId: 'b' }, [declined, started])).toBe(
      'paying',
    )
  })

  test('once it is paid, whatever was declined before', () => {
    const payments = [{ status: 'declined' as const }, { status: 'captured' as const }]
    expect(standingOf({ status: 'complete' }, payments)).toBe('paid')
  })

  test('once it has ended', () => {
    const order = { status: 'cancelled' as const, cancelledBy: 'buyer' as const }
    const expired = { status: 'cancelled' as const, cancelledBy: 'expiry' as const }
    expect(standingOf(order, [])).toBe('cancelled')
    expect(standingOf(expired, [{ status: 'declined' }])).toBe('expired')
    expect(standingOf(order, [{ status: 'started' }])).toBe('settling')
    expect(standingOf(order, [{ status: 'captured' }])).toBe('refunding')
    expect(standingOf(order, [{ status: 'refunding' }])).toBe('refunding')
    expect(standingOf(expired, [{ status: 'captured' }])).toBe('late')
    expect(standingOf(expired, [{ status: 'refunding' }])).toBe('refunding')
    const replaced = { ...expired, replacedBy: 'b' }
    expect(standingOf(replaced, [{ status: 'captured' }])).toBe('replaced')
    expect(standingOf(order, [{ status: 'refunded' }])).toBe('refunded')
  })
})

test('money that is under way is watched once the order has ended', () => {
  const started = { status: 'started' as const, id: 'b' }
  const payments = [{ status: 'declined' as const, id: 'a' }, started]
  expect(unsettled({ status: 'cancelled' }, payments)).toBe(started)
  expect(unsettled({ status: 'awaiting:payment' }, payments)).toBeUndefined()
  expect(unsettled({ status: 'cancelled' }, [{ status: 'refunded' }])).toBeUndefined()
  expect(isMoving('late')).toBe(true)
  expect(isMoving('replaced')).toBe(false)
  expect(isMoving('settling')).toBe(true)
  expect(isMoving('refunded')).toBe(false)
})
