import { PASSWORD, type Person } from '../harness/person.ts'
import { expect, test } from '../harness/test.ts'

async function fillIn(seller: Person, title: string) {
  const { page } = seller
  await page.getByLabel('Title').fill(title)
  await page.getByLabel('Price of one').fill('42.50')
  await page.getByLabel('Currency').selectOption('eur')
  await page.getByLabel('Description').fill('Two steps from the stage.\nPDF by e-mail.')
  await page.getByLabel('Event', { exact: false }).first().fill('The Nightingales')
  await page.getByLabel('Venue').fill('Columbiahalle')
  await page.getByLabel('Starts at').fill('2031-05-17T20:00')
  await page.getByLabel('Time zone of the place').selectOption('Europe/London')
}

test('from the sale to the receipt: seller, buyer and onlooker, each in a browser', async ({
  person,
}) => {
  const seller = await person('seller')
  const title = `Standing, ${seller.email}`
  await seller.goto('/')
  await seller.link('Sell a ticket').first().click()
  await expect(seller.headline).toHaveText('Welcome back')
  await seller.link('Make an account').click()
  await expect(seller.headline).toHaveText('Make an account')
  await seller.page.getByLabel('E-mail').fill(seller.email)
  await seller.page.getByLabel('Password').fill(PASSWORD)
  await seller.button('Sign up').click()
  await expect(seller.headline).toHaveText('Sell a ticket')
  await fillIn(seller, title)
  await seller.button('Put it up for sale').click()
  await expect(seller.headline).toHaveText('It is on sale')
  const address = await seller.page.getByLabel('Link to your ticket').inputValue()
  await seller.link('Your tickets for sale').click()
  await expect(seller.headline).toHaveText('Your tickets for sale')
  await seller.see('On sale')

  // One finds it in the list, the other has been given the link.
  const buyer = await (await person('buyer')).signUp()
  const onlooker = await person('onlooker')
  await onlooker.goto(address)
  await onlooker.see('One ticket, available now')
  await expect(async () => {
    await buyer.goto('/')
    await expect(buyer.link(title)).toBeVisible({ timeout: 2_000 })
  }).toPass()
  await buyer.link(title).click()
  await expect(buyer.headline).toHaveText(title)
  await buyer.see('€42.50')
  await buyer.see(/20:00|8:00.PM/)
  await buyer.button('Buy').click()
  await expect(buyer.headline).toHaveText('Held for you')
  await onlooker.see('Sold out')
  await seller.see('Somebody has reserved it, and may still pay.')

  await buyer.button('Pay €42.50').click()
  await expect(buyer.headline).toHaveText('It’s yours')
  const receipt = buyer.page.getByRole('region', { name: 'Receipt' })
  await expect(receipt).toContainText('€42.50')
  await expect(receipt).toContainText(title)
  await seller.see('Somebody has bought it.')
  await buyer.goto('/orders')
  await buyer.see('Paid')
})

test('what is wrong is said at its field, and what was typed stays', async ({ person }) => {
  const seller = await (await person('seller')).signUp()
  await seller.goto('/sell')
  await fillIn(seller, 'A seat')
  await seller.page.getByLabel('Price of one').fill('many')
  await seller.page.getByLabel('Starts at').fill('2001-05-17T20:00')
  await seller.button('Put it up for sale').click()
  await seller.see('Please look at the marked fields.')
  await seller.see('That time has passed already.')
  const price = seller.page.getByLabel('Price of one')
  await expect(price).toBeFocused()
  await expect(price).toHaveValue('many')
  await expect(seller.page.getByLabel('Title')).toHaveValue('A seat')
  await expect(seller.page.getByLabel('Currency')).toHaveValue('eur')
  await expect(seller.page.getByLabel('Time zone of the place')).toHaveValue('Europe/London')
})

test('edited: who looks at it sees the change without a reload', async ({ person }) => {
  const seller = await (await person('seller')).signUp()
  const onlooker = await person('onlooker')
  const ticket = await seller.sell({ title: 'Row 3', price: 30, quantity: 4 })
  await onlooker.goto(`/tickets/${ticket.id}`)
  await seller.goto('/my-tickets')
  await seller.link(/^Edit/).click()
  await expect(seller.headline).toHaveText('Edit ticket')
  await seller.page.getByLabel('Title').fill('Row 2')
  await seller.page.getByLabel('Price of one').fill('29')
  await seller.button('Save').dblclick()
  await seller.see('Saved.')
  await expect(onlooker.headline).toHaveText('Row 2')
  await onlooker.see('$29')
  const now = await seller.call<{ version: number }>('GET', `/api/tickets/${ticket.id}`)
  expect(now.version, 'saved once').toBe(ticket.version + 1)
})

test('changed on two devices: nothing is overwritten unseen', async ({ person }) => {
  const seller = await (await person('seller')).signUp()
  const ticket = await seller.sell({ title: 'Row 3', price: 30, quantity: 4 })
  await seller.goto(`/my-tickets/${ticket.id}`)
  await seller.page.getByLabel('Title').fill('Row 4')
  const other = { title: 'Row 5', price: 30, quantity: 4 }
  await seller.call('PUT', `/api/tickets/${ticket.id}`, other)
  await seller.button('Save').click()
  await seller.see('This ticket was changed elsewhere since you opened it.')
  await expect(seller.page.getByRole('region', { name: 'What differs' })).toContainText('Row 5')
  await expect(seller.page.getByLabel('Title')).toHaveValue('Row 4')
  await seller.button('Save').click()
  await seller.see('Saved.')
  await seller.see('Row 4')
})

test('withdrawn, after being asked once more', async ({ person }) => {
  const seller = await (await person('seller')).signUp()
  const ticket = await seller.sell({ title: 'Not for sale after all' })
  await seller.goto(`/my-tickets/${ticket.id}`)
  await seller.link('Withdraw from sale').click()
  await expect(seller.headline).toHaveText('Withdraw this ticket?')
  // The page follows the ticket up to its end.
  seller.watch.expect(/ 404 for HEAD .*\/live$/, /console error: .*404.*\/live\)$/)
  await seller.button('Withdraw it').click()
  await seller.see('The ticket is withdrawn.')
  await expect(seller.headline).toHaveText('Nothing for sale')
  const stranger = await person('stranger')
  stranger.watch.expect(/ 404 for GET /, /console error: .*404/)
  await stranger.goto(`/tickets/${ticket.id}`)
  await expect(stranger.headline).toHaveText('There is nothing here')
})

test('some are taken: the rest can be taken off the market, those stay', async ({ person }) => {
  const seller = await (await person('seller')).signUp()
  const buyer = await (await person('buyer')).signUp()
  const ticket = await seller.sell({ title: 'A row of five', quantity: 5 })
  const order = await buyer.order(ticket, 2)
  await seller.goto(`/my-tickets/${ticket.id}/withdraw`)
  await expect(seller.headline).toHaveText('Stop selling this ticket?')
  await seller.button('Stop selling').click()
  await seller.see('No more are sold.')
  await seller.see('All taken')
  await seller.see('2 of 2 reserved.')
  expect((await buyer.pay(order)).status()).toBe(201)
  await seller.see('Sold out')
  await seller.see('2 of 2 sold.')
})

test('somebody else’s ticket is nothing one can edit', async ({ person }) => {
  const seller = await (await person('seller')).signUp()
  const stranger = await (await person('stranger')).signUp()
  const ticket = await seller.sell()
  stranger.watch.expect(/ 404 for GET /, /console error: .*404/)
  for (const path of ['', '/share', '/withdraw']) {
    await stranger.goto(`/my-tickets/${ticket.id}${path}`)
    await expect(stranger.headline).toHaveText('There is nothing here')
  }
})
