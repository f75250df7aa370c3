import { expect, test } from 'vitest'
import { clock, dateParts, longDate, roughly, shortDate } from '@/lib/dates'
import { localeOf, wordsLocale } from '@/lib/locale'
import { decimals, money, plainAmount, times } from '@/lib/money'

const plain = (text: string) => text.replaceAll(/[\u00a0\u202f]/g, ' ')

test('amounts are written as the visitor writes them', () => {
  expect(money(35, 'usd', 'en-US')).toBe('$35')
  expect(money(35, 'usd', 'en-US', true)).toBe('$35.00')
  expect(plain(money(1234.5, 'eur', 'de-DE'))).toBe('1.234,50 €')
  expect(plain(money(2500, 'jpy', 'en-GB'))).toBe('JP¥2,500')
})

test('sums are made of minor units', () => {
  expect(times(0.1, 3, 'usd')).toBe(0.3)
  expect(times(19.99, 100_000, 'usd')).toBe(1_999_000)
  expect(times(1.005, 3, 'kwd')).toBe(3.015)
  expect(times(2500, 2, 'jpy')).toBe(5000)
  expect(plainAmount(20.5, 'usd')).toBe('20.50')
  expect(decimals('jpy')).toBe(0)
})

test('the first language of the browser decides', () => {
  expect(localeOf('de-CH,de;q=0.9,en;q=0.8')).toBe('de-CH')
  expect(localeOf('*')).toBe('en-US')
  expect(localeOf('')).toBe('en-US')
  expect(localeOf('not a language!')).toBe('en-US')
  expect(localeOf(undefined)).toBe('en-US')
})

test('the words stay English, in the order of the visitor', () => {
  expect(wordsLocale('en-AU')).toBe('en-AU')
  expect(wordsLocale('de')).toBe('en-DE')
  expect(plain(shortDate('2027-01-10T17:00:00.000Z', 'Europe/Berlin', 'de-DE'))).toMatch(
    /^10 Jan 2027, 18:00 (CET|GMT\+1)$/,
  )
})

test('an event is where it takes place', () => {
  const parts = dateParts('2027-01-10T03:30:00.000Z', 'America/Los_Angeles', 'en-US')
  expect(parts.day).toBe('9')
  expect(plain(parts.time)).toBe('7:30 PM PST')
  expect(plain(longDate('2027-01-10T03:30:00.000Z', undefined, 'en-GB'))).toContain('03:30 UTC')
  expect(plain(shortDate('2027-01-10T03:30:00.000Z', 'No/Where', 'en-GB'))).toContain('UTC')
})

test('a countdown never shows less than nothing, nor a minute of sixty seconds', () => {
  expect(clock(899.2)).toBe('15:00')
  expect(clock(59.01)).toBe('01:00')
  expect(clock(0)).toBe('00:00')
  expect(clock(-5)).toBe('00:00')
  expect(clock(3849)).toBe('1:04:09')
  expect(roughly(59)).toBe('less than a minute')
  expect(roughly(61)).toBe('about a minute')
  expect(roughly(880)).toBe('about 14 minutes')
})
