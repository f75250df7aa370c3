import { describe, expect, test } from 'vitest'
import { standingOf } from '@/components/selling/standing'
import type { Ticket } from '@/lib/api'

function ticket(quantity: number, available: number, sold: number): Ticket {
  return {
    id: '6afd4dc00102030405000001',
    title: 'Front row',
    price: 20.5,
    currency: 'usd',
    userId: '6afd4dc00102030405000004',
    version: 0,
    quantity,
    available,
    sold,
    createdAt: '2030-01-01T12:00:00.000Z',
  }
}

const short = (...of: [number, number, number]) => standingOf(ticket(...of), 'en').short
const long = (...of: [number, number, number]) => standingOf(ticket(...of), 'en').long

describe('how a ticket stands, for its seller', () => {
  test('the only one: free, reserved, sold', () => {
    expect(short(1, 1, 0)).toBe('On sale')
    expect(short(1, 0, 0)).toBe('Reserved')
    expect(short(1, 0, 1)).toBe('Sold')
  })

  test('several: what is sold, what is reserved, what is left', () => {
    expect(short(10, 10, 0)).toBe('10 on sale')
    expect(short(10, 5, 3)).toBe('5 of 10 left')
    expect(long(10, 5, 3)).toBe('3 of 10 sold, 2 reserved.')
    expect(long(10, 8, 0)).toBe('2 of 10 reserved.')
    expect(long(2_000, 900, 1_100)).toBe('1,100 of 2,000 sold.')
    expect(short(10, 0, 9)).toBe('All taken')
    expect(short(10, 0, 10)).toBe('Sold out')
  })

  test('more sold than its seller still offers', () => {
    expect(long(3, 0, 5)).toBe('3 of 3 sold.')
    expect(short(3, 0, 5)).toBe('Sold out')
  })
})
