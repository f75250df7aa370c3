import { expect } from '@playwright/test'
import type { Order, Person } from './person.ts'

/** No webhook tells of a payment here: it is asked for, at most ten seconds apart. */
export const PATIENTLY = { timeout: 60_000 }

/** What one sells the other has ordered, and looks at. */
export async function order(seller: Person, buyer: Person): Promise<Order> {
  await seller.signUp()
  await buyer.signUp()
  const order = await buyer.order(await seller.sell({ title: 'Row 7', price: 42.5 }))
  await buyer.goto(`/orders/${order.id}`)
  await expect(buyer.headline).toHaveText('Held for you')
  return order
}
