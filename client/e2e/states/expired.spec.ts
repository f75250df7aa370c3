import { audit } from '../harness/audit.ts'
import { expect, test } from '../harness/test.ts'

test.use({ orderWindow: '2s' })

test('an order that was not paid in time', async ({ person }) => {
  const seller = await (await person('seller')).signUp()
  const buyer = await (await person('buyer')).signUp()
  const order = await buyer.order(await seller.sell())
  await expect(async () => {
    const { status } = await buyer.call<{ status: string }>('GET', `/api/orders/${order.id}`)
    expect(status).toBe('cancelled')
  }).toPass()
  await buyer.goto(`/orders/${order.id}`)
  await expect(buyer.headline).toHaveText('The time to pay is over')
  await audit(buyer)
  await buyer.goto('/orders')
  await audit(buyer)
})
