import 'server-only'
import { type Answer, orders, payments, tickets, users } from './api'

/** Pages of a hundred: who has more than this has it from the API itself, and the file says so. */
const MOST_PAGES = 50
/** How many orders' payments are asked for at once. */
const AT_ONCE = 8

/** All that is known of a person, from each service that knows something. */
export async function ownData(userId: string): Promise<Answer<Record<string, unknown>>> {
  const account = await users.export()
  if (!account.ok) return account
  const selling = await all((cursor) => tickets.list({ seller: userId, limit: 100, cursor }))
  if (!selling.ok) return selling
  const ordered = await all((cursor) => orders.list({ limit: 100, cursor }))
  if (!ordered.ok) return ordered
  const paid: unknown[] = []
  for (let at = 0; at < ordered.data.list.length; at += AT_ONCE) {
    const some = ordered.data.list.slice(at, at + AT_ONCE)
    for (const answer of await Promise.all(some.map((order) => payments.ofOrder(order.id)))) {
      if (!answer.ok) return answer
      paid.push(...answer.data)
    }
  }
  const data = {
    ...account.data,
    tickets: selling.data.list,
    orders: ordered.data.list,
    payments: paid,
    complete: selling.data.complete && ordered.data.complete,
  }
  return { ...account, data }
}

async function all<T>(
  page: (cursor?: string) => Promise<Answer<T[]>>,
): Promise<Answer<{ list: T[]; complete: boolean }>> {
  const list: T[] = []
  let cursor: string | undefined
  for (let pages = 1; ; pages++) {
    const answer = await page(cursor)
    if (!answer.ok) return answer
    list.push(...answer.data)
    cursor = answer.nextCursor
    if (!cursor || pages === MOST_PAGES) return { ...answer, data: { list, complete: !cursor } }
  }
}
