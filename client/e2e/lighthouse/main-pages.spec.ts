import { createServer } from 'node:net'
import { chromium as playwright } from '@playwright/test'
import lighthouse, { type RunnerResult } from 'lighthouse'
import type { Person } from '../harness/person.ts'
import { chromium, chromiumFlags } from '../harness/places.ts'
import { expect, test } from '../harness/test.ts'

const CATEGORIES = ['performance', 'accessibility', 'best-practices', 'seo']
const LEAST = 95
/**
 * The performance is a measurement of time, and on a busy machine it measures the machine. So tests
 * only say what it was, and `cargo xtask lighthouse`, for a machine with nothing else to do, judges
 * it: by the median of as many, since one measurement on two cores says little.
 */
const TRIES = process.env['TICKETING_JUDGE_SPEED'] ? 3 : 0
/** How often a page is loaded for one measurement of it at most. */
const MEASUREMENTS = 3

/** Pages that are for one person, or only lead elsewhere, are kept out of search engines on purpose. */
const NOINDEX = ['is-crawlable']

// One after the other: they measure time.
test.describe.configure({ mode: 'default', timeout: 5 * 60_000 })

test('browse', async ({ person, server }) => {
  const seller = await (await person('seller')).signUp()
  for (let index = 0; index < 24; index++) await offer(seller, index)
  await rate(`${server.url}/`)
})

test('a ticket', async ({ person, server }) => {
  const seller = await (await person('seller')).signUp()
  const ticket = await offer(seller, 0)
  await rate(`${server.url}/tickets/${ticket.id}`)
})

test('checkout', async ({ person, server }) => {
  const seller = await (await person('seller')).signUp()
  const buyer = await (await person('buyer')).signUp()
  const order = await buyer.order(await offer(seller, 0))
  await rate(`${server.url}/orders/${order.id}`, { as: buyer, without: NOINDEX })
})

test('sign-in', async ({ server }) => {
  await rate(`${server.url}/signin`, { without: NOINDEX })
})

function offer(seller: Person, index: number) {
  return seller.sell({
    title: `Row ${index + 1}`,
    price: 20 + index,
    quantity: 10,
    description: 'Two steps from the stage.',
    event: {
      name: 'The Nightingales',
      venue: 'Columbiahalle, Berlin',
      startsAt: '2031-05-17T18:00:00Z',
      timeZone: 'Europe/Berlin',
    },
  })
}

/** As Lighthouse rates it on the phone that it makes believe. */
async function rate(url: string, { as, without = [] }: { as?: Person; without?: string[] } = {}) {
  const cookies = as ? await as.context.cookies() : []
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
  const port = await freePort()
  const browser = await playwright.launch({
    executablePath: chromium(),
    args: [...chromiumFlags, `--remote-debugging-port=${port}`],
  })
  try {
    const performances: number[] = []
    for (let attempt = 1; attempt <= Math.max(TRIES, 1); attempt++) {
      const all = attempt === 1
      const { categories, audits, finalDisplayedUrl } = await measured(url, {
        port,
        logLevel: 'error',
        onlyCategories: all ? CATEGORIES : ['performance'],
        skipAudits: without,
        extraHeaders: cookie ? { Cookie: cookie } : undefined,
      })
      expect(finalDisplayedUrl, 'the page that was rated').toBe(url)
      const scores = Object.values(categories).map(({ id, score }) => ({
        id,
        score: Math.round((score ?? 0) * 100),
      }))
      for (const { id, score } of scores) {
        if (id === 'performance') performances.push(score)
        else
          expect
            .soft(score, `${id}; not in full:\n${failing(categories[id], audits)}`)
            .toBeGreaterThanOrEqual(LEAST)
      }
      const said = scores.map(({ id, score }) => `${id} ${score}`).join(', ')
      test.info().annotations.push({ type: new URL(url).pathname, description: said })
      // One that is well enough need not be measured again.
      if (all && (performances[0] ?? 0) >= LEAST) return
    }
    if (TRIES === 0) return
    const median = performances.sort((a, b) => a - b)[Math.floor(performances.length / 2)]
    expect(median, `median of ${performances.join(', ')}`).toBeGreaterThanOrEqual(LEAST)
  } finally {
    await browser.close()
  }
}

/**
 * Lighthouse gives no score to a category of which it could not measure something, as when the
 * browser kept no trace of the load. That says nothing of the page, so it is measured anew, and
 * what stood in the way is said once it has done so each time.
 */
async function measured(url: string, flags: Flags): Promise<RunnerResult['lhr']> {
  const without: string[] = []
  for (let attempt = 1; attempt <= MEASUREMENTS; attempt++) {
    const result = await lighthouse(url, flags)
    if (!result) throw new Error('Lighthouse says nothing')
    const { categories, audits } = result.lhr
    if (Object.values(categories).every(({ score }) => score !== null)) return result.lhr
    const errors = Object.values(audits).flatMap(({ errorMessage }) => errorMessage ?? [])
    without.push([...new Set(errors)].join('\n'))
  }
  throw new Error(`Lighthouse could not measure ${url}:\n${without.join('\n\n')}`)
}

type Flags = NonNullable<Parameters<typeof lighthouse>[1]>
type Category = { auditRefs: { id: string; weight: number }[] }
type Audits = Record<string, { title: string; score: number | null; displayValue?: string }>

function failing(category: Category | undefined, audits: Audits): string {
  const refs = category?.auditRefs.filter(({ weight }) => weight > 0) ?? []
  const lines = refs.flatMap(({ id }) => {
    const audit = audits[id]
    if (!audit || audit.score === null || audit.score === 1) return []
    return [`${id} ${audit.score}: ${audit.title} ${audit.displayValue ?? ''}`]
  })
  return lines.join('\n')
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const listener = createServer()
    listener.once('error', reject)
    listener.listen(0, '127.0.0.1', () => {
      const address = listener.address()
      const port = typeof address === 'object' && address ? address.port : 0
      listener.close(() => resolve(port))
    })
  })
}
