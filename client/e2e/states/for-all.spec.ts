import { audit } from '../harness/audit.ts'
import type { NewTicket } from '../harness/person.ts'
import { startServer } from '../harness/server.ts'
import { expect, test } from '../harness/test.ts'

const long = 'Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverleihung'
const shows: NewTicket[] = [
  {
    title: 'Standing, block B',
    price: 42.5,
    currency: 'eur',
    quantity: 30,
    description: 'The whole evening.\nDoors open an hour earlier.',
    event: {
      name: 'The Nightingales',
      venue: 'Columbiahalle, Berlin',
      startsAt: '2031-05-17T18:00:00Z',
      timeZone: 'Europe/Berlin',
    },
  },
  { title: long, price: 1_000_000, event: { name: long, venue: long } },
  { title: 'The last one', price: 5 },
]

test('the front page, with tickets and with filters', async ({ person }) => {
  const seller = await (await person('seller')).signUp()
  for (const show of shows) await seller.sell(show)
  const anybody = await person('anybody')
  await anybody.goto('/')
  await expect(anybody.headline).toHaveText('Find your seat.')
  await audit(anybody)
  await anybody.goto('/?q=nightingales&from=2031-05-17&to=2031-05-17&min=10&max=100&sort=price')
  await expect(anybody.link('Standing, block B').first()).toBeVisible()
  await audit(anybody)
})

test('the front page: nothing fits, and a page of the list that is not there', async ({
  person,
}) => {
  const anybody = await person('anybody')
  await anybody.goto('/?q=nothing-is-called-like-this')
  await anybody.see('No ticket fits that')
  await audit(anybody)
  await anybody.goto('/?cursor=nonsense')
  await anybody.see('This page of the list is not there any more')
  await audit(anybody)
})

test('the front page, with more than fits', async ({ person }) => {
  const seller = await (await person('seller')).signUp()
  for (let index = 0; index < 25; index++) {
    await seller.sell({ title: `${seller.email} ${index}`, price: index + 1 })
  }
  const anybody = await person('anybody')
  await anybody.goto(`/?q=${encodeURIComponent(seller.email)}&sort=price`)
  await anybody.link('More tickets').click()
  await expect(anybody.link('First page')).toBeVisible()
  await audit(anybody, { direct: false })
})

test('a marketplace that nobody has sold on yet', async ({ browser }) => {
  const server = await startServer()
  const context = await browser.newContext({ baseURL: server.url })
  const page = await context.newPage()
  await page.goto('/')
  await expect(page.getByText('No tickets yet')).toBeVisible()
  await context.close()
  await server.end()
})

test('a ticket, as anybody, its seller and a buyer see it', async ({ person }) => {
  const seller = await (await person('seller')).signUp()
  const buyer = await (await person('buyer')).signUp()
  const anybody = await person('anybody')
  const ticket = await seller.sell(shows[0])
  for (const somebody of [anybody, seller, buyer]) {
    await somebody.goto(`/tickets/${ticket.id}`)
    await expect(somebody.headline).toHaveText('Standing, block B')
    await audit(somebody)
  }
})

test('a ticket with very long words', async ({ person }) => {
  const seller = await (await person('seller')).signUp()
  const buyer = await (await person('buyer')).signUp()
  const ticket = await seller.sell(shows[1])
  await buyer.goto(`/tickets/${ticket.id}`)
  await audit(buyer)
})

test('a ticket that is sold out, ordered by oneself, or withdrawn while one looks', async ({
  person,
}) => {
  const seller = await (await person('seller')).signUp()
  const buyer = await (await person('buyer')).signUp()
  const anybody = await person('anybody')
  const ticket = await seller.sell(shows[2])
  await buyer.order(ticket)
  await anybody.goto(`/tickets/${ticket.id}`)
  await anybody.see('Find similar tickets')
  await audit(anybody)
  await buyer.goto(`/tickets/${ticket.id}`)
  await buyer.see('You have ordered this ticket.')
  await audit(buyer)

  const other = await seller.sell(shows[2])
  await anybody.goto(`/tickets/${other.id}`)
  anybody.watch.expect(/ 404 for HEAD .*\/live$/, /console error: .*404.*\/live\)$/)
  await seller.call('DELETE', `/api/tickets/${other.id}`)
  await anybody.see('The seller has taken this ticket off sale.')
  await audit(anybody, { direct: false })
})

test('nothing here', async ({ person }) => {
  const anybody = await person('anybody')
  anybody.watch.expect(/ 404 for GET /, /console error: .*404/)
  for (const path of ['/nowhere', '/tickets/000000000000000000000000']) {
    await anybody.goto(path)
    await expect(anybody.headline).toHaveText('There is nothing here')
    await audit(anybody)
  }
})

test('signing in and up, and what can be wrong', async ({ person }) => {
  const anybody = await person('anybody')
  await anybody.goto('/signin?next=%2Forders')
  await audit(anybody)
  await anybody.page.getByLabel('E-mail').fill(anybody.email)
  await anybody.page.getByLabel('Password').fill('not the password')
  await anybody.button('Sign in').click()
  await anybody.see('That e-mail address and password do not go together.')
  await audit(anybody, { direct: false })
  await anybody.goto('/signin?trouble=signout')
  await audit(anybody)

  const known = await (await person('known')).signUp()
  await anybody.goto('/signup')
  await audit(anybody)
  await anybody.page.getByLabel('E-mail').fill(known.email)
  await anybody.page.getByLabel('Password').fill('correct horse battery')
  await anybody.button('Sign up').click()
  await expect(anybody.page.getByLabel('E-mail')).toHaveAttribute('aria-invalid', 'true')
  await audit(anybody, { direct: false })
})

test('offline', async ({ person }) => {
  const anybody = await person('anybody')
  await anybody.goto('/signin')
  anybody.watch.expect(/ERR_INTERNET_DISCONNECTED/)
  await anybody.context.setOffline(true)
  await anybody.see('You are offline.')
  await audit(anybody, { direct: false })
})
