import { describe, expect, test } from 'vitest'
import { addressOf, narrowed, onThoseDays, queryOf, searchOf } from '@/lib/browse'

const nothing = searchOf({})

describe('what is looked for stands in the address', () => {
  test('and comes back out of it', () => {
    const search = searchOf({ q: ' lanterns ', from: '2027-01-10', max: '20,5', sort: 'price' })
    expect(search).toMatchObject({ q: 'lanterns', from: '2027-01-10', max: '20.5', sort: 'price' })
    expect(addressOf(search)).toBe('/?q=lanterns&from=2027-01-10&max=20.5&sort=price')
    expect(addressOf(nothing)).toBe('/')
  })

  test('and what makes no sense is left out', () => {
    const search = searchOf({ from: 'soon', to: '2027-13-40', min: '-3', max: '1e9', sort: 'best' })
    expect(search).toEqual(nothing)
    expect(narrowed(search)).toBe(false)
  })

  test('and a change starts from the first page', () => {
    const search = searchOf({ q: 'a', cursor: 'xyz' })
    expect(addressOf(search)).toBe('/?q=a&cursor=xyz')
    expect(addressOf(search, { sort: 'price' })).toBe('/?q=a&sort=price')
    expect(addressOf(search, { cursor: 'next' })).toBe('/?q=a&cursor=next')
  })
})

describe('a day is that of the place', () => {
  const search = searchOf({ from: '2027-01-09', to: '2027-01-09' })

  test('so the API is asked for all that may be meant', () => {
    const query = queryOf(search, 24)
    expect(query.from).toBe('2027-01-08T10:00:00.000Z')
    expect(query.to).toBe('2027-01-10T12:00:00.000Z')
  })

  test('and the rest is left out', () => {
    const inCalifornia = { startsAt: '2027-01-10T03:30:00Z', timeZone: 'America/Los_Angeles' }
    expect(onThoseDays(search, inCalifornia)).toBe(true)
    expect(onThoseDays(search, { ...inCalifornia, timeZone: 'Europe/Berlin' })).toBe(false)
    expect(onThoseDays(search, undefined)).toBe(false)
    expect(onThoseDays(nothing, undefined)).toBe(true)
  })
})
