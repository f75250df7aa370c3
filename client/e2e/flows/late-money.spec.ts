import { expect, test } from '../harness/test.ts'

// Shorter than the bank is waited for before it is asked a second time.
test.use({ orderWindow: '2s' })

test('money that came too late is given back, on screen', async ({ person }) => {
  const seller = await (await person('seller')).signUp()
  const buyer = await (await person('buyer')).signUp()
  const order = await buyer.order(await seller.sell({ title: 'Too late' }))
  const paying = buyer.pay(order, 'tok_timeoutAfterCapture')
  await buyer.goto(`/orders/${order.id}`)
  await expect(buyer.headline).toHaveText('Your money is back', { timeout: 60_000 })
  expect((await paying).status()).toBe(400)
  expect((await buyer.payments(order)).map(({ status }) => status)).toEqual(['refunded'])
})
