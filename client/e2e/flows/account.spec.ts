import { readFileSync } from 'node:fs'
import { PASSWORD, type Person } from '../harness/person.ts'
import { expect, test } from '../harness/test.ts'

/** Signs `person` in as `as` by the page. */
async function signIn(person: Person, as: Person, password: string) {
  await person.goto('/signin')
  await person.page.getByLabel('E-mail').fill(as.email)
  await person.page.getByLabel('Password').fill(password)
  await person.button('Sign in').click()
}

test('a new password: this device stays, the others are out, the old one is no good', async ({
  person,
}) => {
  const here = await (await person('here')).signUp()
  const elsewhere = await person('elsewhere')
  await signIn(elsewhere, here, PASSWORD)
  await expect(elsewhere.headline).toHaveText('Find your seat.')

  await here.goto('/account')
  const { page } = here
  await page.getByLabel('Current password').fill('not this one')
  await page.getByLabel('New password', { exact: true }).fill('a whole new sentence')
  await page.getByLabel('New password once more').fill('a whole new sentence')
  await here.button('Change password').click()
  const form = page.getByRole('form', { name: 'Change the password' })
  await expect(form.locator('[aria-invalid], [data-message]').first()).toBeVisible()
  await page.getByLabel('Current password').fill(PASSWORD)
  await here.button('Change password').click()
  await here.see('Your password is changed, and every other device is signed out.')
  await here.goto('/orders')
  await expect(here.headline).toHaveText('No orders yet')

  await elsewhere.goto('/orders')
  await expect(elsewhere.headline).toHaveText('Welcome back')
  await signIn(elsewhere, here, PASSWORD)
  await elsewhere.see('That e-mail address and password do not go together.')
  await signIn(elsewhere, here, 'a whole new sentence')
  await expect(elsewhere.headline).toHaveText('Find your seat.')
})

test('signed out everywhere at once', async ({ person }) => {
  const here = await (await person('here')).signUp()
  const elsewhere = await person('elsewhere')
  await signIn(elsewhere, here, PASSWORD)
  await expect(elsewhere.headline).toHaveText('Find your seat.')
  await here.goto('/account')
  await here.button('Sign out everywhere').click()
  await expect(here.headline).toHaveText('You are signed out everywhere')
  for (const device of [here, elsewhere]) {
    await device.goto('/orders')
    await expect(device.headline).toHaveText('Welcome back')
  }
})

test('all that is known of one, in a file', async ({ person }) => {
  const somebody = await (await person('somebody')).signUp()
  await somebody.sell({ title: 'Known to be mine' })
  await somebody.goto('/account')
  const download = somebody.page.waitForEvent('download')
  await somebody.link('Download my data').click()
  const file = await download
  expect(file.suggestedFilename()).toBe('ticketing-my-data.json')
  const data = readFileSync(await file.path(), 'utf8')
  expect(JSON.parse(data)).toHaveProperty('account')
  expect(data).toContain(somebody.email)
  expect(data).toContain('Known to be mine')
  expect(data).not.toContain('argon2')
})

test('an account that is deleted is gone, with what it sold', async ({ person }) => {
  const somebody = await (await person('somebody')).signUp()
  const ticket = await somebody.sell({ title: 'Sold by nobody' })
  await somebody.goto('/account')
  await somebody.link('Delete my account…').click()
  await expect(somebody.headline).toHaveText('Delete your account?')
  await somebody.page.getByLabel('Your password').fill('a guess')
  await somebody.button('Delete my account').click()
  await expect(somebody.headline).toHaveText('Delete your account?')
  await expect(
    somebody.page.locator('form [aria-invalid="true"], form [data-message]').first(),
  ).toBeVisible()
  await somebody.page.getByLabel('Your password').fill(PASSWORD)
  await somebody.button('Delete my account').click()
  await expect(somebody.headline).toHaveText('Your account is deleted')
  await signIn(somebody, somebody, PASSWORD)
  await somebody.see('That e-mail address and password do not go together.')
  await expect(async () => {
    expect((await somebody.answer('GET', `/api/tickets/${ticket.id}`)).status()).toBe(404)
  }).toPass()
})
