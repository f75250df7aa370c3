import type { Person } from '../harness/person.ts'
import { expect, test } from '../harness/test.ts'

test('two want the last one: one gets it, the other is told what to do', async ({ person }) => {
  const seller = await (await person('seller')).signUp()
  const buyers = [await person('first'), await person('second')]
  const ticket = await seller.sell({ title: 'The very last one' })
  for (const buyer of buyers) {
    await buyer.signUp()
    await buyer.goto(`/tickets/${ticket.id}`)
    // In view and at rest, so that neither is still being scrolled to when the other has it.
    await buyer.button('Buy').click({ trial: true })
  }
  await Promise.all(buyers.map((buyer) => buyer.button('Buy').click()))

  const held = (buyer: Person) => buyer.page.getByRole('heading', { name: 'Held for you' })
  const soldOut = (buyer: Person) => buyer.page.getByText('Sold out', { exact: true })
  for (const buyer of buyers) {
    await expect(held(buyer).or(soldOut(buyer)).first()).toBeVisible()
  }
  const orders = await Promise.all(buyers.map((buyer) => buyer.orders()))
  expect(orders.map((list) => list.length).sort()).toEqual([0, 1])
  const [winner, loser] = orders[0]?.length === 1 ? buyers : [...buyers].reverse()
  if (!winner || !loser) throw new Error('there are two buyers')
  await expect(held(winner)).toBeVisible()
  await expect(soldOut(loser)).toBeVisible()
  await expect(loser.link('Find similar tickets')).toBeVisible()
  await loser.link('Find similar tickets').click()
  await expect(loser.headline).toHaveText('Find your seat.')

  // The winner lets go while the other looks on: it is offered again, without a reload.
  await loser.goto(`/tickets/${ticket.id}`)
  await winner.button('Cancel the order').click()
  await expect(winner.headline).toHaveText('Order cancelled')
  await loser.button('Buy').click()
  await expect(held(loser)).toBeVisible()
})

test('a double click orders once, and pays once', async ({ person }) => {
  const seller = await (await person('seller')).signUp()
  const buyer = await (await person('buyer')).signUp()
  const ticket = await seller.sell({ quantity: 5 })
  await buyer.goto(`/tickets/${ticket.id}`)
  await buyer.button('Buy').dblclick()
  await expect(buyer.headline).toHaveText('Held for you')
  expect(await buyer.orders()).toHaveLength(1)

  await buyer.button(/^Pay /).dblclick()
  await expect(buyer.headline).toHaveText('It’s yours')
  const [order] = await buyer.orders()
  expect(await buyer.payments({ id: order?.id ?? '' })).toHaveLength(1)
})

test('several at once: the sum is shown, and others see what is left', async ({ person }) => {
  const seller = await (await person('seller')).signUp()
  const buyer = await (await person('buyer')).signUp()
  const onlooker = await person('onlooker')
  const ticket = await seller.sell({ title: 'Stalls', price: 12.5, quantity: 10 })
  await onlooker.goto(`/tickets/${ticket.id}`)
  await onlooker.see('10 left')

  await buyer.goto(`/tickets/${ticket.id}`)
  await buyer.button('One more').click()
  await buyer.button('One more').click()
  await expect(buyer.page.getByLabel('How many')).toHaveValue('3')
  await expect(buyer.page.locator('output')).toHaveText('$37.50')
  await buyer.button('Buy').click()
  await expect(buyer.headline).toHaveText('Held for you')
  await expect(buyer.button('Pay $37.50')).toBeVisible()
  await onlooker.see('7 left')
})

test('the price rises while one looks: nobody pays more than what was shown', async ({
  person,
}) => {
  const seller = await (await person('seller')).signUp()
  const buyer = await (await person('buyer')).signUp()
  const ticket = await seller.sell({ title: 'Balcony', price: 20 })
  await buyer.goto(`/tickets/${ticket.id}`)
  await buyer.see('$20')
  await seller.call('PUT', `/api/tickets/${ticket.id}`, { title: 'Balcony, left', price: 21 })
  await buyer.see('$21')
  await expect(buyer.headline).toHaveText('Balcony, left')
  await buyer.button('Buy').click()
  await expect(buyer.button('Pay $21.00')).toBeVisible()
})

test('a ticket that is withdrawn while one looks says so', async ({ person }) => {
  const seller = await (await person('seller')).signUp()
  const buyer = await (await person('buyer')).signUp()
  const ticket = await seller.sell({ title: 'Gone soon' })
  await buyer.goto(`/tickets/${ticket.id}`)
  await expect(buyer.button('Buy')).toBeVisible()
  // Its event stream is refused from now on, and so is the page.
  buyer.watch.expect(/ 404 for (GET|HEAD) /, /console error: .*404/)
  await seller.call('DELETE', `/api/tickets/${ticket.id}`)
  await buyer.see('Withdrawn')
  await buyer.see('The seller has taken this ticket off sale.')
  await expect(buyer.button('Buy')).toBeHidden()
})

test('one’s own ticket cannot be bought, one’s own order is found from the ticket', async ({
  person,
}) => {
  const seller = await (await person('seller')).signUp()
  const buyer = await (await person('buyer')).signUp()
  const ticket = await seller.sell({ title: 'Mine' })
  await seller.goto(`/tickets/${ticket.id}`)
  await seller.see('This ticket is yours.')
  await expect(seller.button('Buy')).toBeHidden()
  await expect(seller.link('Edit ticket')).toHaveAttribute('href', `/my-tickets/${ticket.id}`)

  await buyer.goto(`/tickets/${ticket.id}`)
  await buyer.button('Buy').click()
  await expect(buyer.headline).toHaveText('Held for you')
  await buyer.goto(`/tickets/${ticket.id}`)
  await buyer.see('You have ordered this ticket.')
  await buyer.link('Go to your order').click()
  await expect(buyer.headline).toHaveText('Held for you')
})

test('going back neither buys nor pays twice', async ({ person }) => {
  const seller = await (await person('seller')).signUp()
  const buyer = await (await person('buyer')).signUp()
  const ticket = await seller.sell({ quantity: 9 })
  await buyer.goto('/')
  await buyer.goto(`/tickets/${ticket.id}`)
  await buyer.button('Buy').click()
  await expect(buyer.headline).toHaveText('Held for you')
  await buyer.page.goBack()
  await expect(buyer.headline).toHaveText('Front row')
  expect(await buyer.orders()).toHaveLength(1)
  await buyer.page.goForward()
  await buyer.button(/^Pay /).click()
  await expect(buyer.headline).toHaveText('It’s yours')
  const order = (await buyer.orders())[0]
  await buyer.page.goBack()
  await buyer.page.goForward()
  await expect(buyer.headline).toHaveText('It’s yours')
  await expect(buyer.button(/^Pay /)).toBeHidden()
  expect(await buyer.payments({ id: order?.id ?? '' })).toHaveLength(1)
})

test('buying again after going back is another order, on purpose', async ({ person }) => {
  const seller = await (await person('seller')).signUp()
  const buyer = await (await person('buyer')).signUp()
  const ticket = await seller.sell({ quantity: 9 })
  await buyer.goto('/')
  await buyer.goto(`/tickets/${ticket.id}`)
  await buyer.button('Buy').click()
  await expect(buyer.headline).toHaveText('Held for you')
  await buyer.page.goBack()
  await buyer.button('Buy').click()
  await expect(buyer.headline).toHaveText('Held for you')
  expect(await buyer.orders()).toHaveLength(2)
})

test('offline is said, nothing is lost, and it goes on where it was', async ({ person }) => {
  const seller = await (await person('seller')).signUp()
  const buyer = await (await person('buyer')).signUp()
  const ticket = await seller.sell({ quantity: 3 })
  await buyer.goto(`/tickets/${ticket.id}`)
  buyer.watch.expect(/ERR_INTERNET_DISCONNECTED/, /ERR_NETWORK/, /Failed to fetch/i)
  await buyer.context.setOffline(true)
  await buyer.see('You are offline.')
  await buyer.button('Buy').click()
  await buyer.see('You seem to be offline. What you entered is still here')
  await buyer.context.setOffline(false)
  await expect(buyer.page.getByText('You are offline.')).toBeHidden()
  await buyer.button('Buy').click()
  await expect(buyer.headline).toHaveText('Held for you')
  expect(await buyer.orders()).toHaveLength(1)
})

test('somebody else’s order is nothing one can see', async ({ person }) => {
  const seller = await (await person('seller')).signUp()
  const buyer = await (await person('buyer')).signUp()
  const stranger = await (await person('stranger')).signUp()
  const order = await buyer.order(await seller.sell())
  stranger.watch.expect(/ 404 for GET /, /console error: .*404/)
  await stranger.goto(`/orders/${order.id}`)
  await expect(stranger.headline).toHaveText('There is nothing here')
})
