import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { Person } from '../harness/person.ts'
import { root } from '../harness/places.ts'
import { startServer } from '../harness/server.ts'
import { expect, test } from '../harness/test.ts'

const FOLDER = join(root, 'docs/screenshots')
const MOST_BYTES = 200_000

const SIZES = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 },
}

/** The main pages as a visitor of the demo sees them. */
test('screenshots', async ({ browser }) => {
  test.setTimeout(15 * 60_000)
  rmSync(FOLDER, { recursive: true, force: true })
  mkdirSync(FOLDER, { recursive: true })
  for (const [size, options] of Object.entries(SIZES)) {
    // For each a demo of its own, which the other has not bought from.
    const server = await startServer({ demo: true })
    const context = await browser.newContext({ baseURL: server.url, ...options })
    const buyer = new Person('sam', context, await context.newPage(), 'sam@example.org')
    for (const [name, open] of Object.entries(await pagesOf(buyer))) {
      await open()
      await buyer.page.waitForLoadState('load')
      for (const colorScheme of ['light', 'dark'] as const) {
        await buyer.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
        await keep(buyer.page, `${name}-${size}-${colorScheme}.webp`)
      }
    }
    await context.close()
    await server.end()
  }
})

/** In this order: the first is seen by anybody, then one signs up, and buys. */
async function pagesOf(buyer: Person): Promise<Record<string, () => Promise<void>>> {
  type Listed = { id: string; title: string }
  const listed = await buyer.call<Listed[]>('GET', '/api/tickets?q=lanterns')
  const [ticket, another] = listed
  if (!ticket || !another) throw new Error('the demo sells no lanterns')
  return {
    browse: () => buyer.goto('/'),
    'sign-in': () => buyer.goto('/signin'),
    ticket: async () => {
      await buyer.signUp()
      await buyer.goto(`/tickets/${ticket.id}`)
    },
    checkout: async () => {
      await buyer.button('Buy').click()
      await expect(buyer.headline).toHaveText('Held for you')
    },
    receipt: async () => {
      await buyer.button(/^Pay /).click()
      await expect(buyer.headline).toHaveText('It’s yours')
    },
    orders: async () => {
      await buyer.call('POST', '/api/orders', { ticketId: another.id, quantity: 1 })
      await buyer.goto('/orders')
    },
    sell: async () => {
      await buyer.goto('/sell')
      const { page } = buyer
      await page.getByLabel('Title').fill('Balcony, two seats together')
      await page.getByLabel('Price of one').fill('38.50')
      await page.getByLabel('Currency').selectOption('eur')
      await page.getByLabel('Venue').fill('Théâtre du Canal, Ghent')
      await page.getByLabel('Starts at').fill('2031-05-17T20:00')
      await page.getByLabel('Starts at').blur()
      await page.evaluate(() => scrollTo(0, 0))
    },
    selling: async () => {
      const event = {
        name: 'Winter programme',
        venue: 'Théâtre du Canal, Ghent',
        startsAt: '2031-01-17T19:00:00Z',
        timeZone: 'Europe/Brussels',
      }
      const offers = { 'Balcony, two seats together': 2, 'Stalls, row 4': 1, Standing: 40 }
      for (const [title, quantity] of Object.entries(offers)) {
        await buyer.sell({ title, quantity, price: 38.5, currency: 'eur', event })
      }
      await buyer.goto('/my-tickets')
    },
  }
}

/** As WebP, which is half of a PNG. */
async function keep(page: Page, name: string): Promise<void> {
  await page.evaluate(async () => {
    await document.fonts.ready
    const frame = () => new Promise(requestAnimationFrame)
    await frame()
    await frame()
  })
  const session = await page.context().newCDPSession(page)
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 85 })
  await session.detach()
  const image = Buffer.from(data, 'base64')
  expect(image.length, name).toBeLessThan(MOST_BYTES)
  writeFileSync(join(FOLDER, name), image)
}
