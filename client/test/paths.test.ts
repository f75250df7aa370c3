import { describe, expect, test } from 'vitest'
import { isId, safeNext, signInFor } from '@/lib/paths'

describe('where a sign-in leads', () => {
  test.each([
    ['/orders', '/orders'],
    ['/tickets/1?from=a&b=c#d', '/tickets/1?from=a&b=c#d'],
    ['/', '/'],
  ])('%s is a path of this site', (wanted, path) => {
    expect(safeNext(wanted)).toBe(path)
  })

  test.each([
    undefined,
    null,
    '',
    'orders',
    'https://elsewhere.example',
    '//elsewhere.example',
    '/\\elsewhere.example',
    '/\t/elsewhere.example',
    '/.//elsewhere.example',
    'javascript:alert(1)',
  ])('%j is none', (wanted) => {
    expect(safeNext(wanted, '/fallback')).toBe('/fallback')
  })

  test('comes back to where one was', () => {
    expect(signInFor('/orders/1?a=b')).toBe('/signin?next=%2Forders%2F1%3Fa%3Db')
    expect(signInFor('/')).toBe('/signin')
  })
})

test('ids are 24 lower-case hex digits', () => {
  expect(isId('6afd4dc00102030405000001')).toBe(true)
  expect(isId('6AFD4DC00102030405000001')).toBe(false)
  expect(isId('6afd4dc0010203040500000')).toBe(false)
})
