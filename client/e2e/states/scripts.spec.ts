import { scriptBytes, settled } from '../harness/audit.ts'
import { expect, test } from '../harness/test.ts'

/** Bytes, compressed, on the first visit of any page. React and Next.js alone are nine tenths of it. */
const MOST = 120_000

test('no page brings more script than it may', async ({ person }) => {
  const seller = await (await person('seller')).signUp()
  const buyer = await (await person('buyer')).signUp()
  const ticket = await seller.sell({ quantity: 5 })
  const order = await buyer.order(ticket)
  const { id: sale } = await (await buyer.pay(order)).json()
  const open = await buyer.order(ticket)
  const visits = [
    ...['/', '/signin', '/signup', `/tickets/${ticket.id}`, '/orders', `/orders/${order.id}`].map(
      (path) => [buyer, path] as const,
    ),
    [buyer, `/orders/${open.id}`] as const,
    ...[
      '/sell',
      '/my-tickets',
      '/my-tickets/sales',
      `/my-tickets/${ticket.id}`,
      '/account',
      '/account/delete',
    ].map((path) => [seller, path] as const),
    [seller, `/my-tickets/sales/${sale}/refund`] as const,
  ]
  const bytes: Record<string, number> = {}
  for (const [somebody, path] of visits) {
    await somebody.goto(path)
    await settled(somebody.page)
    bytes[path] = await scriptBytes(somebody.page)
  }
  expect(Math.min(...Object.values(bytes)), 'what is measured is there').toBeGreaterThan(10_000)
  const over = Object.entries(bytes).filter(([, size]) => size > MOST)
  expect(Object.fromEntries(over), `bytes of script above ${MOST}`).toEqual({})
})
