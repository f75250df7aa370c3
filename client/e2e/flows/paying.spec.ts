import type { Person } from '../harness/person.ts'
import { expect, test } from '../harness/test.ts'

async function order(seller: Person, buyer: Person) {
  await seller.signUp()
  await buyer.signUp()
  const ticket = await seller.sell({ title: 'Row 7', price: 48 })
  const order = await buyer.order(ticket)
  // What is paid elsewhere is over in seconds: the page follows the order before that begins.
  const followed = buyer.page.waitForResponse(
    (answer) =>
      answer.request().method() === 'GET' && answer.url().endsWith(`/api/orders/${order.id}/live`),
  )
  await buyer.goto(`/orders/${order.id}`)
  await expect(buyer.headline).toHaveText('Held for you')
  await followed
  return { ticket, order }
}

test('declined, and paid at the second try', async ({ person }) => {
  const buyer = await person('buyer')
  const { order: held } = await order(await person('seller'), buyer)
  await buyer.page.getByLabel('Not enough money').check()
  await buyer.button('Pay $48.00').click()
  const message = buyer.page.locator('[data-message]')
  await expect(message).toContainText('Nothing was charged')
  await expect(message).toBeFocused()
  await expect(buyer.headline).toHaveText('Held for you')
  await expect(buyer.page.getByLabel('Not enough money'), 'the choice is kept').toBeChecked()

  await buyer.page.getByLabel('Payment goes through', { exact: false }).first().check()
  await buyer.button('Pay $48.00').click()
  await expect(buyer.headline).toHaveText('It’s yours')
  const receipt = buyer.page.getByRole('region', { name: 'Receipt' })
  await expect(receipt).toContainText('$48.00')
  await expect(receipt).toContainText(held.id)
})

test('a slow bank: the page waits for it, and shows the answer by itself', async ({ person }) => {
  const buyer = await person('buyer')
  await order(await person('seller'), buyer)
  await buyer.page.getByLabel('The answer comes later').check()
  await buyer.button('Pay $48.00').click()
  await expect(buyer.headline).toHaveText('It’s yours')
})

test('paid on another device: this one shows it without a reload', async ({ person }) => {
  const buyer = await person('buyer')
  const { order: held } = await order(await person('seller'), buyer)
  expect((await buyer.pay(held)).status()).toBe(201)
  await expect(buyer.headline).toHaveText('It’s yours')
})

test('cancelled: the ticket is on sale again, and others see it without a reload', async ({
  person,
}) => {
  const [seller, buyer, onlooker] = [
    await person('seller'),
    await person('buyer'),
    await person('onlooker'),
  ]
  const { ticket } = await order(seller, buyer)
  await onlooker.goto(`/tickets/${ticket.id}`)
  await onlooker.see('Sold out')
  await buyer.button('Cancel the order').click()
  await expect(buyer.headline).toHaveText('Order cancelled')
  await onlooker.see('One ticket, available now')
  await buyer.goto('/orders')
  await buyer.see('Row 7')
})

test('money that came after the cancelling is given back, on screen', async ({ person }) => {
  const buyer = await person('buyer')
  const { order: held } = await order(await person('seller'), buyer)
  // The bank takes the money and does not say so.
  const paying = buyer.pay(held, 'tok_timeoutAfterCapture')
  await expect(buyer.headline).toHaveText('Your payment is on its way')
  await buyer.button('Cancel the order').click()
  await expect(buyer.headline).toHaveText('Your money is back', { timeout: 60_000 })
  await expect(buyer.page.getByRole('region', { name: 'Receipt' })).toContainText('Returned')
  expect((await paying).status()).toBe(400)
  expect((await buyer.payments(held)).map(({ status }) => status)).toEqual(['refunded'])
})
