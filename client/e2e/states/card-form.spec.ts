import { expect, test } from '../harness/test.ts'

test.use({ provider: 'element', orderWindow: '15s' })

/** Longest that an order waits for a payment that has begun, and a moment. */
const HELD = { timeout: 90_000 }

test('an order that expires while its card form is open takes no money', async ({
  person,
  stripe,
}) => {
  const seller = await (await person('seller')).signUp()
  const buyer = await (await person('buyer')).signUp()
  const order = await buyer.order(await seller.sell({ price: 42.5 }))
  await buyer.goto(`/orders/${order.id}`)
  await buyer.button('Pay $42.50').click()
  const frame = buyer.page.frameLocator('iframe[title="Secure payment input frame"]')
  await frame.getByLabel('Card number').fill('4242 4242 4242 4242')
  await buyer.see('Time left to pay')

  await expect(buyer.headline).toHaveText('The time to pay is over', HELD)
  await buyer.see('you were not charged')
  await expect(buyer.page.locator('iframe')).toHaveCount(0)
  await expect(async () => {
    expect(stripe?.intents.of(order.id).map(({ status }) => status)).toEqual(['canceled'])
    expect((await buyer.payments(order)).map(({ status }) => status)).toEqual(['declined'])
  }).toPass()
})
