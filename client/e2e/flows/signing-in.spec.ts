import { PASSWORD } from '../harness/person.ts'
import { expect, test } from '../harness/test.ts'

test('who wants to buy signs in, and is back where they were', async ({ person }) => {
  const seller = await (await person('seller')).signUp()
  const ticket = await seller.sell({ title: 'Come back here' })
  const known = await (await person('known')).signUp()
  const buyer = await person('buyer')
  await buyer.goto(`/tickets/${ticket.id}`)
  await buyer.link('Sign in to buy').click()
  await expect(buyer.headline).toHaveText('Welcome back')
  await buyer.page.getByLabel('E-mail').fill(known.email)
  await buyer.page.getByLabel('Password').fill('not the password')
  await buyer.button('Sign in').click()
  const message = buyer.page.locator('[data-message]')
  await expect(message).toHaveText('That e-mail address and password do not go together.')
  await expect(buyer.page.getByLabel('E-mail'), 'what was typed is kept').toHaveValue(known.email)
  await buyer.page.getByLabel('Password').fill(PASSWORD)
  await buyer.button('Sign in').click()
  await expect(buyer.headline).toHaveText('Come back here')
  await expect(buyer.button('Buy')).toBeVisible()
})

test('a new account, from a page for members, and out again', async ({ person }) => {
  const somebody = await person('somebody')
  await somebody.goto('/orders')
  await expect(somebody.headline).toHaveText('Welcome back')
  await somebody.link('Make an account').click()
  await expect(somebody.headline).toHaveText('Make an account')
  await somebody.page.getByLabel('E-mail').fill(somebody.email)
  await somebody.page.getByLabel('Password').fill(PASSWORD)
  await somebody.button('Sign up').click()
  await expect(somebody.headline).toHaveText('No orders yet')
  await somebody.button('Sign out').click()
  await expect(somebody.headline).toHaveText('Find your seat.')
  await somebody.goto('/orders')
  await expect(somebody.headline).toHaveText('Welcome back')
})

test('an address that is taken is said at the field', async ({ person }) => {
  const known = await (await person('known')).signUp()
  const somebody = await person('somebody')
  await somebody.goto('/signup')
  await somebody.page.getByLabel('E-mail').fill(known.email)
  await somebody.page.getByLabel('Password').fill(PASSWORD)
  await somebody.button('Sign up').click()
  await expect(somebody.page.getByRole('form')).toContainText('in use')
  await expect(somebody.page.getByLabel('E-mail')).toHaveValue(known.email)
  await expect(somebody.page.getByLabel('Password'), 'also the password').toHaveValue(PASSWORD)
})

test('nobody is led to a foreign page after signing in', async ({ person }) => {
  const somebody = await (await person('somebody')).signUp()
  for (const next of ['https://example.org/', '//example.org/', '/\\example.org', 'javascript:1']) {
    await somebody.goto(`/signin?next=${encodeURIComponent(next)}`)
    await expect(somebody.headline).toHaveText('Find your seat.')
    expect(new URL(somebody.page.url()).pathname).toBe('/')
  }
})
