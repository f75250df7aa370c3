import { audit } from '../harness/audit.ts'
import type { Person } from '../harness/person.ts'
import { expect, test } from '../harness/test.ts'

async function trade(person: (name: string) => Promise<Person>) {
  const seller = await (await person('seller')).signUp()
  const buyer = await (await person('buyer')).signUp()
  const event = {
    name: 'The Nightingales',
    venue: 'Columbiahalle, Berlin',
    startsAt: '2031-05-17T18:00:00Z',
    timeZone: 'Europe/Berlin',
  }
  const ticket = await seller.sell({ title: 'Row 7', price: 48, quantity: 20, event })
  return { seller, buyer, ticket }
}

test('an order that waits for payment, and one whose card was declined', async ({ person }) => {
  const { buyer, ticket } = await trade(person)
  const order = await buyer.order(ticket, 2)
  await buyer.goto(`/orders/${order.id}`)
  await expect(buyer.headline).toHaveText('Held for you')
  await audit(buyer)
  await buyer.page.getByLabel('Card is declined').check()
  await buyer.button(/^Pay /).click()
  await buyer.see('Nothing was charged')
  await audit(buyer, { direct: false })
})

test('an order whose payment is under way, and its money that came back', async ({ person }) => {
  const { buyer, ticket } = await trade(person)
  const order = await buyer.order(ticket)
  await buyer.goto(`/orders/${order.id}`)
  const paying = buyer.pay(order, 'tok_timeoutAfterCapture')
  await expect(buyer.headline).toHaveText('Your payment is on its way')
  await buyer.call('DELETE', `/api/orders/${order.id}`)
  await expect(buyer.headline).toHaveText('Your money is back', { timeout: 60_000 })
  await paying
  await buyer.reload()
  await audit(buyer)
})

test('an order that a slow bank holds up', async ({ person }) => {
  const { buyer, ticket } = await trade(person)
  const order = await buyer.order(ticket)
  // The bank's word comes after a while; the state is caught before, and told apart afterwards.
  const paying = buyer.pay(order, 'tok_timeoutAfterCapture')
  await buyer.goto(`/orders/${order.id}`)
  await expect(buyer.headline).toHaveText(/Your payment is on its way|It’s yours/)
  await audit(buyer, { direct: false })
  expect((await paying).status()).toBe(201)
})

test('orders that are paid and cancelled, and the list of all', async ({ person }) => {
  const { buyer, ticket } = await trade(person)
  await buyer.goto('/orders')
  await expect(buyer.headline).toHaveText('No orders yet')
  await audit(buyer)
  const paid = await buyer.order(ticket, 2)
  await buyer.pay(paid)
  await buyer.goto(`/orders/${paid.id}`)
  await expect(buyer.headline).toHaveText('It’s yours')
  await audit(buyer)
  const cancelled = await buyer.order(ticket)
  await buyer.call('DELETE', `/api/orders/${cancelled.id}`)
  await buyer.goto(`/orders/${cancelled.id}`)
  await expect(buyer.headline).toHaveText('Order cancelled')
  await audit(buyer)
  await buyer.order(ticket, 3)
  await buyer.goto('/orders')
  await expect(buyer.headline).toHaveText('Your orders')
  await audit(buyer)
})

test('selling: the form, empty and with faults, and where one lands', async ({ person }) => {
  const seller = await (await person('seller')).signUp()
  await seller.goto('/sell')
  await expect(seller.headline).toHaveText('Sell a ticket')
  await audit(seller)
  await seller.page.getByLabel('Title').fill('A seat')
  await seller.page.getByLabel('Price of one').fill('many')
  await seller.page.getByLabel('Starts at').fill('2001-05-17T20:00')
  await seller.button('Put it up for sale').click()
  await seller.see('Please look at the marked fields.')
  await audit(seller, { direct: false })
  const ticket = await seller.sell()
  await seller.goto(`/my-tickets/${ticket.id}/share?new`)
  await expect(seller.headline).toHaveText('It is on sale')
  await audit(seller)
})

test('one’s tickets: none, on sale, reserved, sold out; and editing one', async ({ person }) => {
  const { seller, buyer, ticket } = await trade(person)
  await buyer.goto('/my-tickets')
  await expect(buyer.headline).toHaveText('Nothing for sale')
  await audit(buyer)
  await buyer.order(ticket, 3)
  await buyer.order(await seller.sell({ title: 'Taken' }))
  await seller.sell({ title: 'Nobody wants it' })
  await seller.goto('/my-tickets?saved=1')
  await seller.see('Saved.')
  await audit(seller)
  await seller.goto(`/my-tickets/${ticket.id}`)
  await expect(seller.headline).toHaveText('Edit ticket')
  await audit(seller)
  await seller.page.getByLabel('Title').fill('Row 8')
  const other = { title: 'Row 9', price: 48, quantity: 20 }
  await seller.call('PUT', `/api/tickets/${ticket.id}`, other)
  await seller.button('Save').click()
  await seller.see('This ticket was changed elsewhere since you opened it.')
  await audit(seller, { direct: false })
})

test('giving money back: the form, what is wrong with it, what is confirmed, and what came of it', async ({
  person,
}) => {
  const { seller, buyer, ticket } = await trade(person)
  const order = await buyer.order(ticket, 2)
  const { id } = await (await buyer.pay(order)).json()
  await seller.goto(`/my-tickets/sales/${id}/refund`)
  await expect(seller.headline).toHaveText('Give money back')
  await audit(seller)
  await seller.page.getByLabel('How much').fill('some')
  await seller.page.getByLabel('Why').fill('Rain')
  await seller.button('Go on').click()
  await seller.see('A plain amount, please')
  await audit(seller, { direct: false })
  await seller.page.getByLabel('How much').fill('1')
  await seller.button('Go on').click()
  await seller.see('You give back ')
  await audit(seller, { direct: false })
  await seller.button('Give it back').click()
  await seller.see('It goes back to the buyer.')
  await audit(seller)
  await buyer.goto(`/orders/${order.id}`)
  await expect(buyer.headline).toHaveText('Money has gone back to you')
  await audit(buyer)
})

test('one’s sales: none, and some with the balance of each currency', async ({ person }) => {
  const { seller, buyer, ticket } = await trade(person)
  await seller.goto('/my-tickets/sales')
  await expect(seller.headline).toHaveText('Nothing sold yet')
  await audit(seller)
  await buyer.pay(await buyer.order(ticket, 2))
  const other = await seller.sell({ title: 'A seat in euros', price: 30, currency: 'eur' })
  await buyer.pay(await buyer.order(other))
  await seller.goto('/my-tickets/sales')
  await expect(seller.headline).toHaveText('Your sales')
  await seller.see('A seat in euros')
  await audit(seller)
})

test('withdrawing: a ticket that nobody has, one that somebody has, and the rest of some', async ({
  person,
}) => {
  const { seller, buyer, ticket } = await trade(person)
  const free = await seller.sell({ title: 'Nobody has it' })
  const taken = await seller.sell({ title: 'Somebody has it' })
  await buyer.order(taken)
  await buyer.order(ticket)
  for (const { id } of [free, taken, ticket]) {
    await seller.goto(`/my-tickets/${id}/withdraw`)
    await audit(seller)
  }
  await seller.goto(`/my-tickets/${taken.id}`)
  await seller.see('It cannot be changed at the moment.')
  await audit(seller)
})

test('the account, its faults, and its end', async ({ person }) => {
  const { seller, buyer, ticket } = await trade(person)
  await buyer.pay(await buyer.order(ticket))
  await buyer.order(ticket)
  await buyer.goto('/account')
  await expect(buyer.headline).toHaveText('Your account')
  await audit(buyer)
  await buyer.page.getByLabel('Current password').fill('not this one')
  await buyer.page.getByLabel('New password', { exact: true }).fill('a whole new sentence')
  await buyer.page.getByLabel('New password once more').fill('another sentence')
  await buyer.button('Change password').click()
  await expect(buyer.page.getByLabel('New password once more')).toHaveAttribute(
    'aria-invalid',
    'true',
  )
  await audit(buyer, { direct: false })
  await buyer.goto('/account/delete')
  await expect(buyer.headline).toHaveText('Delete your account?')
  await audit(buyer)
  for (const after of ['deletion', 'everywhere']) {
    await seller.goto(`/account/goodbye?after=${after}`)
    await audit(seller)
  }
})
