import { expect, test } from '../harness/test.ts'

test.use({ orderWindow: '6s' })

test('the time runs out on screen, and the page says what to do next', async ({ person }) => {
  const seller = await (await person('seller')).signUp()
  const buyer = await (await person('buyer')).signUp()
  const onlooker = await person('onlooker')
  const ticket = await seller.sell({ title: 'Hurry' })
  await buyer.goto(`/tickets/${ticket.id}`)
  await onlooker.goto(`/tickets/${ticket.id}`)
  await buyer.button('Buy').click()
  await expect(buyer.headline).toHaveText('Held for you')
  await buyer.see('Time left to pay')
  await onlooker.see('Sold out')
  await expect(buyer.headline).toHaveText('The time to pay is over')
  await expect(buyer.button(/^Pay /)).toBeHidden()
  await onlooker.see('One ticket, available now')

  await buyer.link('See if it is still there').click()
  await expect(buyer.headline).toHaveText('Hurry')
  await buyer.button('Buy').click()
  await expect(buyer.headline).toHaveText('Held for you')
  expect(await buyer.orders()).toHaveLength(2)
})
