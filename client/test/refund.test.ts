import { expect, test } from 'vitest'
import { exactSum, givenBack, unsettled } from '@/lib/order-standing'
import { canBeRefunded, isHeld, leftToRefund, refundOf } from '@/lib/refund'

test('a refund is read from what is typed, and what is wrong names its field', () => {
  const good = { amount: '10,50', units: '1', reason: 'Rain' }
  expect(refundOf(good, 'eur')).toEqual({
    ok: true,
    refund: { amount: 10.5, units: 1, reason: 'Rain' },
  })
  expect(refundOf({ ...good, units: '' }, 'eur')).toMatchObject({ refund: { units: 0 } })
  const bad = refundOf({ amount: '10.505', units: 'one', reason: '' }, 'eur')
  expect(bad.ok ? [] : Object.keys(bad.fields)).toEqual(['amount', 'units', 'reason'])
  const none = refundOf({ ...good, amount: '' }, 'eur')
  expect(none).toMatchObject({ fields: { amount: 'Please say how much goes back.' } })
  const long = refundOf({ ...good, reason: 'x'.repeat(501) }, 'eur')
  expect(long).toMatchObject({ fields: { reason: 'At most 500 characters, please.' } })
})

test('what went back and what is on its way are counted apart, to the last digit', () => {
  const refund = { number: 1, units: 1, reason: 'Rain', by: 'seller', createdAt: '' } as const
  const refunds = [
    { ...refund, amount: 0.1, status: 'refunded' as const },
    { ...refund, amount: 0.2, status: 'refunded' as const },
    { ...refund, amount: 1.005, status: 'refunding' as const },
  ]
  const back = givenBack([{ refunds }, {}])
  expect([back.done, back.moving, back.units]).toEqual([0.3, 1.005, 3])
  expect(exactSum([1.1, -0.3, -0.8])).toBe(0)
})

test('what a complete order was paid with is watched: some of it may be given back', () => {
  const captured = { status: 'captured' as const }
  const payments = [{ status: 'declined' as const }, captured]
  expect(unsettled({ status: 'complete' }, payments)).toBe(captured)
})

test('what a bank has cannot be given back before it has decided, and what it keeps not at all', () => {
  const dispute = { amount: 10, taken: 10, reason: 'fraudulent', openedAt: '' }
  const open = { amount: 10, dispute: { ...dispute, status: 'open' as const } }
  expect([isHeld(open), leftToRefund(open)]).toEqual([true, 10])
  expect(isHeld({ dispute: { ...open.dispute, taken: 0 } })).toBe(false)
  const lost = { amount: 10, dispute: { ...dispute, status: 'lost' as const } }
  expect([isHeld(lost), leftToRefund(lost)]).toEqual([false, 0])
  const won = { amount: 10, dispute: { ...dispute, taken: 0, status: 'won' as const } }
  expect([isHeld(won), leftToRefund(won)]).toEqual([false, 10])
  const sale = { total: 10, refunded: 2.5, disputed: 0 }
  expect(canBeRefunded(sale)).toBe(true)
  expect(canBeRefunded({ ...sale, disputed: 7.5, dispute: 'open' })).toBe(false)
  expect(canBeRefunded({ ...sale, disputed: 7.5, dispute: 'lost' })).toBe(false)
  expect(canBeRefunded({ ...sale, dispute: 'won' })).toBe(true)
})
