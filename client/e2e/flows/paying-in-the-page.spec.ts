import type { Page } from '@playwright/test'
import { audit } from '../harness/audit.ts'
import { order, PATIENTLY } from '../harness/held.ts'
import type { Person } from '../harness/person.ts'
import { expect, test } from '../harness/test.ts'

test.use({ provider: 'element' })

const GOOD = '4242 4242 4242 4242'
const DECLINED = '4000 0000 0000 0002'
const ASKS_ITS_OWNER = '4000 0027 6000 3184'

function card(page: Page) {
  return page.frameLocator('iframe[title="Secure payment input frame"]')
}

function bank(page: Page) {
  return page.frameLocator('iframe[title="3-D Secure"]')
}

/** What the page says beside the form, which has the focus. */
function message({ page }: Person) {
  return page.locator('p:focus')
}

async function open(buyer: Person): Promise<void> {
  await buyer.button('Pay $42.50').click()
  await expect(card(buyer.page).getByLabel('Card number')).toBeFocused()
}

async function payWith(buyer: Person, number: string): Promise<void> {
  await card(buyer.page).getByLabel('Card number').fill(number)
  await buyer.button('Pay $42.50').click()
}

async function paid(buyer: Person, held: { id: string }): Promise<void> {
  await expect(buyer.headline).toHaveText('It’s yours', PATIENTLY)
  await expect(buyer.page.getByRole('region', { name: 'Receipt' })).toContainText('$42.50')
  expect((await buyer.payments(held)).map(({ status }) => status)).toEqual(['captured'])
}

test('paid with a card in the page', async ({ person, stripe }) => {
  const buyer = await person('buyer')
  const asked: string[] = []
  buyer.page.on('request', (request) => {
    if (request.url().startsWith(stripe?.url ?? '')) asked.push(request.url())
  })
  const held = await order(await person('seller'), buyer)
  await buyer.see('never reaches this site')
  await buyer.page.waitForLoadState('networkidle')
  expect(asked, 'what is loaded of Stripe’s before the button is pressed').toEqual([])

  await open(buyer)
  expect(asked.length).toBeGreaterThan(0)
  await audit(buyer, { direct: false })
  await payWith(buyer, GOOD)
  await paid(buyer, held)
  expect(stripe?.intents.of(held.id).map(({ status }) => status)).toEqual(['succeeded'])
})

test('bought from the ticket’s page on, whose policy lets nothing of Stripe’s in', async ({
  person,
}) => {
  const seller = await (await person('seller')).signUp()
  const buyer = await (await person('buyer')).signUp()
  const ticket = await seller.sell({ title: 'Row 7', price: 42.5 })
  await buyer.goto(`/tickets/${ticket.id}`)
  await buyer.button('Buy').click()
  await expect(buyer.headline).toHaveText('Held for you')
  await open(buyer)
  await payWith(buyer, GOOD)
  const [held] = await buyer.orders()
  await paid(buyer, held ?? { id: '' })
})

test('a declined card, then another one, in the same payment', async ({ person, stripe }) => {
  const buyer = await person('buyer')
  buyer.watch.expect(/402/)
  const held = await order(await person('seller'), buyer)
  await open(buyer)
  await payWith(buyer, '4242')
  await expect(message(buyer)).toHaveText('Your card number is incomplete.')
  await payWith(buyer, DECLINED)
  await expect(message(buyer)).toHaveText(/^Your card was declined\. Nothing was charged/)
  await audit(buyer, { direct: false })

  // Another day, or another tab: it is the same payment.
  await buyer.reload()
  await expect(buyer.headline).toHaveText('Held for you')
  await open(buyer)
  await payWith(buyer, GOOD)
  await paid(buyer, held)
  expect(stripe?.intents.of(held.id)).toHaveLength(1)
})

test('3-D Secure: refused, then confirmed', async ({ person }) => {
  const buyer = await person('buyer')
  const held = await order(await person('seller'), buyer)
  await open(buyer)
  await payWith(buyer, ASKS_ITS_OWNER)
  await bank(buyer.page).getByRole('button', { name: 'It is not' }).click()
  await expect(message(buyer)).toHaveText(/unable to authenticate.*Nothing was charged/)
  await buyer.button('Pay $42.50').click()
  await bank(buyer.page).getByRole('button', { name: 'It is me' }).click()
  await paid(buyer, held)
})

test('a bank with a page of its own leads back to the order', async ({ person, stripe }) => {
  const buyer = await person('buyer')
  const held = await order(await person('seller'), buyer)
  for (const answer of ['It is not', 'It is me']) {
    await open(buyer)
    await card(buyer.page).getByLabel('Pay with').selectOption('Bank')
    await buyer.button('Pay $42.50').click()
    await expect(buyer.headline).toHaveText('The bank’s page')
    await buyer.button(answer).click()
    await buyer.page.waitForURL((address) => address.pathname === `/orders/${held.id}`)
    if (answer === 'It is not') await buyer.see('That payment did not go through.')
    await expect.poll(() => new URL(buyer.page.url()).search).toBe('')
  }
  await paid(buyer, held)
  expect(new URL(buyer.page.url()).search, 'once the page has been shown anew').toBe('')
  expect(stripe?.intents.of(held.id)).toHaveLength(1)
})

test('the connection is lost over the payment, which is made all the same', async ({
  person,
  stripe,
}) => {
  const buyer = await person('buyer')
  buyer.watch.expect(/ERR_FAILED/)
  const held = await order(await person('seller'), buyer)
  await open(buyer)
  await buyer.page.route('**/confirm', async (route) => {
    await route.fetch()
    await route.abort()
  })
  await payWith(buyer, GOOD)
  await expect(message(buyer)).toHaveText(/not known yet/)
  await paid(buyer, held)
  expect(stripe?.intents.of(held.id)).toHaveLength(1)
})

test('Stripe.js is blocked: the payment is made on Stripe’s page', async ({ person }) => {
  const buyer = await person('buyer')
  buyer.watch.expect(/ERR_FAILED|ERR_BLOCKED/)
  const held = await order(await person('seller'), buyer)
  await buyer.page.route('**/v3/', (route) => route.abort())
  await buyer.button('Pay $42.50').click()
  await expect(buyer.headline).toHaveText('Stripe’s page')
  await buyer.button('Pay 42.50').click()
  await paid(buyer, held)
})

test('the form is open, and Stripe’s page is preferred: the form takes no money any more', async ({
  person,
  stripe,
}) => {
  const buyer = await person('buyer')
  const held = await order(await person('seller'), buyer)
  await open(buyer)
  await buyer.button('Pay on Stripe’s page instead').click()
  await expect(buyer.headline).toHaveText('Stripe’s page')
  expect(stripe?.intents.of(held.id).map(({ status }) => status)).toEqual(['canceled'])
  await buyer.button('Pay 42.50').click()
  await expect(buyer.headline).toHaveText('It’s yours', PATIENTLY)
  const statuses = (await buyer.payments(held)).map(({ status }) => status)
  expect(statuses).toEqual(['declined', 'captured'])
})

test('the fields cannot be shown: the page says so, and where one can pay', async ({ person }) => {
  const buyer = await person('buyer')
  buyer.watch.expect(/ERR_FAILED|ERR_BLOCKED/)
  await order(await person('seller'), buyer)
  await buyer.page.route('**/v1/elements/**', (route) => route.abort())
  await buyer.button('Pay $42.50').click()
  await expect(message(buyer)).toHaveText(/^Stripe’s form cannot be shown here/)
  await expect(buyer.button('Pay $42.50')).toBeHidden()
  await buyer.button('Pay on Stripe’s page instead').click()
  await expect(buyer.headline).toHaveText('Stripe’s page')
})

test('without scripts the payment is made on Stripe’s page', async ({ person }) => {
  const buyer = await person('buyer', { javaScriptEnabled: false })
  const held = await order(await person('seller'), buyer)
  await buyer.button('Pay $42.50').click()
  await buyer.button('Pay 42.50').click()
  await paid(buyer, held)
})

test('what is Stripe’s may be loaded on the page of an order, and on no other', async ({
  person,
  stripe,
}) => {
  const buyer = await person('buyer')
  const held = await order(await person('seller'), buyer)
  const headers = async (path: string) => (await buyer.answer('GET', path)).headers()
  const here = await headers(`/orders/${held.id}`)
  const rules = (here['content-security-policy'] ?? '').split('; ')
  for (const kind of ['script-src', 'frame-src', 'connect-src', 'form-action']) {
    expect(rules.find((rule) => rule.startsWith(kind))?.split(' ')).toContain(stripe?.url)
  }
  expect(here['cross-origin-opener-policy']).toBe('same-origin-allow-popups')
  for (const path of ['/', '/orders', '/account', '/sell', '/signin']) {
    const there = await headers(path)
    expect(there['content-security-policy']).not.toContain(stripe?.url)
    expect(there['content-security-policy']).not.toContain('frame-src')
    expect(there['cross-origin-opener-policy']).toBe('same-origin')
  }
})
