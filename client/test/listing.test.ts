import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Ticket } from '@/lib/api'
import { currencies, likelyCurrency } from '@/lib/currencies'
import { besideFields, differing, listingOf, priceOf, valuesOf } from '@/lib/listing'
import { localOf, modernName, momentOf, previewOf, zoneNames, zoneParts } from '@/lib/zones'

const now = Date.parse('2026-11-24T00:00:00.000Z')
const filled = {
  title: ' Front row ',
  price: '20,50',
  currency: 'eur',
  quantity: '2',
  description: 'One\r\nTwo',
  'event.name': '',
  'event.venue': 'Harbour Hall',
  'event.startsAt': '2027-07-01T20:00',
  'event.timeZone': 'Europe/Berlin',
}

const moment = (local: string, zone: string) => {
  const found = momentOf(local, zone)
  return 'at' in found ? found.at.toISOString() : found.wrong
}

test('a clock on the wall tells the moment', () => {
  expect(moment('2027-01-10T19:30', 'America/Los_Angeles')).toBe('2027-01-11T03:30:00.000Z')
  expect(moment('2027-07-01T20:00', 'Europe/Berlin')).toBe('2027-07-01T18:00:00.000Z')
  expect(moment('2027-07-01T20:00:00', 'Asia/Kathmandu')).toBe('2027-07-01T14:15:00.000Z')
  expect(moment('2027-01-10T00:00', 'Pacific/Kiritimati')).toBe('2027-01-09T10:00:00.000Z')
})

test('a preview shows the same moment, and none of what is no time', () => {
  for (const [local, zone] of [
    ['2027-01-10T19:30', 'America/Los_Angeles'],
    ['2027-07-01T20:00', 'Asia/Kathmandu'],
    ['2027-03-28T03:00', 'Europe/Berlin'],
  ] as const) {
    expect(previewOf(local, zone)).toBe(moment(local, zone))
  }
  expect(previewOf('', 'UTC')).toBeUndefined()
  expect(previewOf('2027-07-01T20:00', 'Mars/Olympus')).toBeUndefined()
})

test('an hour that clocks skip does not exist, and of one that comes twice it is the first', () => {
  expect(moment('2027-03-28T02:30', 'Europe/Berlin')).toBe('skipped')
  expect(moment('2027-10-31T02:30', 'Europe/Berlin')).toBe('2027-10-31T00:30:00.000Z')
  expect(moment('2027-03-28T03:00', 'Europe/Berlin')).toBe('2027-03-28T01:00:00.000Z')
})

test('what is no day, no time or no zone is said to be none', () => {
  expect(moment('2027-02-30T20:00', 'UTC')).toBe('malformed')
  expect(moment('tomorrow', 'UTC')).toBe('malformed')
  expect(moment('2027-02-10T20:00', 'Mars/Base')).toBe('zone')
})

test('a moment comes back as the clock on the wall', () => {
  for (const zone of ['Europe/Lisbon', 'Australia/Lord_Howe', 'UTC', 'America/St_Johns']) {
    const local = '2027-06-15T21:45'
    expect(localOf(moment(local, zone), zone)).toBe(local)
  }
})

test('zones have a place among those of a region', () => {
  expect(zoneNames()).toContain('UTC')
  expect(zoneParts('America/Argentina/Buenos_Aires')).toEqual({
    region: 'America',
    place: 'Buenos Aires (Argentina)',
  })
  expect(zoneParts('UTC').place).toBe('UTC')
  expect(modernName('Europe/Kiev')).toBe('Europe/Kyiv')
})

test('what is typed becomes what is sent', () => {
  expect(listingOf(filled, now)).toEqual({
    ok: true,
    listing: {
      title: 'Front row',
      price: '20.50',
      description: 'One\nTwo',
      quantity: 2,
      event: {
        name: 'Front row',
        venue: 'Harbour Hall',
        startsAt: '2027-07-01T18:00:00.000Z',
        timeZone: 'Europe/Berlin',
      },
    },
  })
})

test('every fault is told at once, beside its field', () => {
  const wrong = { currency: 'eur', quantity: '0', 'event.startsAt': '2027-07-01T20:00' }
  const checked = listingOf(wrong, now)
  expect(checked.ok ? [] : Object.keys(checked.fields).sort()).toEqual([
    'event.timeZone',
    'price',
    'quantity',
    'title',
  ])
})

test('a time that has passed is refused, unless it stood there before', () => {
  const past = { ...filled, 'event.startsAt': '2026-07-01T20:00' }
  expect(listingOf(past, now)).toMatchObject({ fields: { 'event.startsAt': expect.any(String) } })
  expect(listingOf(past, now, past).ok).toBe(true)
})

test('prices have the decimals of their currency', () => {
  expect(priceOf('020', 'usd')).toEqual({ text: '20' })
  expect(priceOf('1.250', 'kwd')).toEqual({ text: '1.250' })
  for (const [text, currency] of [
    ['20.505', 'usd'],
    ['20.5', 'jpy'],
    ['1,000.50', 'usd'],
    ['0', 'usd'],
    ['1000001', 'usd'],
    ['-5', 'usd'],
    ['20', ''],
  ] as const) {
    expect(priceOf(text, currency)).toHaveProperty('wrong')
  }
})

test('a ticket fills the form so that saving it changes nothing', () => {
  const ticket: Ticket = {
    id: '6afd4dc00102030405000001',
    title: 'Front row',
    price: 20.5,
    currency: 'eur',
    userId: '6afd4dc00102030405000004',
    version: 3,
    quantity: 2,
    sold: 0,
    available: 1,
    createdAt: '2026-01-01T00:00:00.000Z',
    description: 'One\nTwo',
    event: {
      name: 'Front row',
      venue: 'Harbour Hall',
      startsAt: '2027-07-01T18:00:00.000Z',
      timeZone: 'Europe/Berlin',
    },
  }
  const values = valuesOf(ticket)
  expect(values.price).toBe('20.50')
  expect(differing(values, { ...values, description: 'One\r\nTwo' })).toEqual([])
  expect(differing(values, { ...values, price: '25' })).toEqual(['price'])
  const checked = listingOf(values, now)
  expect(checked.ok && checked.listing.event).toEqual(ticket.event)
})

test('the API says what is wrong beside a field that has a label already', () => {
  expect(besideFields({ price: 'price must be a number.' }).price).toBe('This must be a number.')
  expect(besideFields({ quantity: 'must be at least 2: so many.' }).quantity).toBe(
    'This must be at least 2: so many.',
  )
  expect(besideFields({ 'event.name': 'event.name must have 1.' })['event.name']).toBe(
    'This must have 1.',
  )
})

test('the currencies are those that the API takes', () => {
  const { components } = JSON.parse(readFileSync('../docs/openapi.json', 'utf8'))
  const taken = ['DecimalTicket', 'WholeTicket'].flatMap((name) =>
    components.schemas[name].allOf[1].properties.currency.enum.filter(Boolean),
  )
  expect([...currencies].sort()).toEqual(taken.sort())
  expect(likelyCurrency('de-AT')).toBe('eur')
  expect(likelyCurrency('en-GB')).toBe('gbp')
  expect(likelyCurrency('en')).toBe('usd')
})
