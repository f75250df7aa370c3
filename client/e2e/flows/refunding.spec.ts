import { expect, test } from '../harness/test.ts'

test('the seller gives one of two tickets back: the buyer sees it, and it is on sale again', async ({
  person,
}) => {
  const seller = await (await person('seller')).signUp()
  const buyer = await (await person('buyer')).signUp()
  const onlooker = await person('onlooker')
  const ticket = await seller.sell({ title: `Two seats, ${seller.email}`, price: 20, quantity: 2 })
  const order = await buyer.order(ticket, 2)
  const paid = await buyer.pay(order)
  const { id } = await paid.json()
  await onlooker.goto(`/tickets/${ticket.id}`)
  await onlooker.see('Sold out')
  await buyer.goto(`/orders/${order.id}`)
  await expect(buyer.headline).toHaveText('It’s yours')

  await seller.goto(`/my-tickets/sales/${id}/refund`)
  await expect(seller.headline).toHaveText('Give money back')
  await seller.page.getByLabel('How much').fill('99')
  await seller.page.getByLabel('Why').fill('The second act is cancelled')
  await seller.button('Go on').click()
  await seller.button('Give it back').click()
  await seller.see('must be at most what is left')
  await seller.page.getByLabel('How much').fill('15.50')
  await seller.page.getByLabel('Tickets that go back on sale').fill('1')
  await seller.button(/Go on|Give it back/).click()
  await seller.see('You give back $15.50. 1 ticket goes back on sale.')
  await seller.button('Give it back').click()
  await seller.see('It goes back to the buyer.')

  // Nobody has reloaded anything.
  await expect(buyer.headline).toHaveText('Money has gone back to you')
  await buyer.see('You hold 1 ticket of this order.')
  const receipt = buyer.page.getByRole('region', { name: 'Receipt' })
  await expect(receipt).toContainText('The second act is cancelled')
  await expect(receipt).toContainText('$24.50')
  await onlooker.see('Last one')

  await seller.link('Your sales').click()
  await expect(seller.headline).toHaveText('Your sales')
  await seller.see('$15.50 given back')

  // A buyer has nothing to give back: the page is nobody else's.
  buyer.watch.expect(/ 404 for GET /, /console error: .*404/)
  await buyer.goto(`/my-tickets/sales/${id}/refund`)
  await expect(buyer.headline).toHaveText('There is nothing here')
})
