import { order, PATIENTLY } from '../harness/held.ts'
import { expect, test } from '../harness/test.ts'

test.use({ provider: 'stripe' })

test('paid on Stripe’s page, at the second visit', async ({ person }) => {
  const buyer = await person('buyer')
  const held = await order(await person('seller'), buyer)
  await buyer.see('never reaches this site')
  await buyer.button('Pay $42.50').click()
  await expect(buyer.headline).toHaveText('Stripe’s page')
  await buyer.link('Back').click()

  await expect(buyer.headline).toHaveText('Waiting for your payment')
  await buyer.button('Continue at Stripe').click()
  await buyer.button('Pay 42.50').click()
  await expect(buyer.headline).toHaveText('It’s yours', PATIENTLY)
  await expect(buyer.page.getByRole('region', { name: 'Receipt' })).toContainText('$42.50')
  expect((await buyer.payments(held)).map(({ status }) => status)).toEqual(['captured'])
})

test('paid without scripts', async ({ person }) => {
  const buyer = await person('buyer', { javaScriptEnabled: false })
  await order(await person('seller'), buyer)
  await buyer.button('Pay $42.50').click()
  await buyer.button('Pay 42.50').click()
  await expect(buyer.headline).toHaveText('It’s yours', PATIENTLY)
})

test('cancelled after all: Stripe’s page is over', async ({ person }) => {
  const buyer = await person('buyer')
  const held = await order(await person('seller'), buyer)
  await buyer.button('Pay $42.50').click()
  await expect(buyer.headline).toHaveText('Stripe’s page')
  const page = buyer.page.url()
  await buyer.link('Back').click()
  await buyer.button('Cancel the order').click()
  await expect(buyer.headline).toHaveText('Order cancelled')
  await expect(async () => {
    expect((await buyer.payments(held)).map(({ status }) => status)).toEqual(['declined'])
  }).toPass()
  await buyer.page.goto(page)
  await buyer.see('Over.')
})
