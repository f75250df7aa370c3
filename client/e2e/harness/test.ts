import { writeFileSync } from 'node:fs'
import { type BrowserContextOptions, test as base } from '@playwright/test'
import { Person } from './person.ts'
import { type Server, startServer } from './server.ts'
import { Stripe } from './stripe.ts'

type Choices = {
  /** For how long an order holds its ticket. Another one is another server, and so another worker. */
  orderWindow: string
  /** Who moves the money; `element` is Stripe, with cards asked for in the order's page. */
  provider: 'sandbox' | 'stripe' | 'element'
}
/** The Stripe is `undefined` where the sandbox moves the money. */
type ForWorker = { stripe: Stripe | undefined; server: Server }
type ForTest = {
  /** Somebody new, with a browser of their own. */
  person: (name: string, options?: BrowserContextOptions) => Promise<Person>
}

export const test = base.extend<ForTest, Choices & ForWorker>({
  orderWindow: ['15m', { option: true, scope: 'worker' }],
  provider: ['sandbox', { option: true, scope: 'worker' }],

  stripe: [
    async ({ provider }, use) => {
      const stripe = provider === 'sandbox' ? undefined : await new Stripe().start()
      await use(stripe)
      stripe?.end()
    },
    { scope: 'worker' },
  ],

  server: [
    async ({ orderWindow, provider, stripe }, use) => {
      const element = provider === 'element'
      const server = await startServer({ orderWindow, stripe: stripe?.url, element })
      await use(server)
      await server.end()
    },
    { scope: 'worker', timeout: 11 * 60_000 },
  ],

  person: async ({ browser, server, javaScriptEnabled }, use, info) => {
    const known: Person[] = []
    await use(async (name, options = {}) => {
      const context = await browser.newContext({ baseURL: server.url, ...options })
      await context.addInitScript(watchShifts)
      const person = new Person(name, context, await context.newPage())
      person.watch.scripts = options.javaScriptEnabled ?? javaScriptEnabled ?? true
      known.push(person)
      return person
    })
    const failed = info.status !== info.expectedStatus
    for (const person of known) {
      if (failed) {
        const path = info.outputPath(`${person.name}.txt`)
        writeFileSync(path, await seenBy(person))
        await info.attach(person.name, { path })
      } else {
        person.watch.verify()
      }
    }
    await Promise.all(known.map((person) => person.context.close()))
  },
})

export { expect } from '@playwright/test'

/** What moves without anybody having done anything, added up from the beginning. */
function watchShifts() {
  const page = globalThis as unknown as { shifts: { value: number; what: string[] }[] }
  page.shifts = []
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const shift = entry as unknown as {
        value: number
        hadRecentInput: boolean
        sources: { node?: Node }[]
      }
      if (shift.hadRecentInput) continue
      const what = shift.sources.map(({ node }) =>
        node
          ? ((node as Element).outerHTML ?? node.nodeValue ?? '').slice(0, 120)
          : 'something gone',
      )
      page.shifts.push({ value: shift.value, what })
    }
  }).observe({ type: 'layout-shift', buffered: true })
}

async function seenBy({ name, page, watch }: Person): Promise<string> {
  // biome-ignore lint/performance/useDomNodeTextContent: as people see it, line by line
  const text = await page.locator('body').innerText({ timeout: 2_000 }).catch(String)
  const complaints = watch.complaints.length > 0 ? watch.complaints.join('\n  ') : 'none'
  return `${name} at ${page.url()}\n${text}\n\ncomplaints:\n  ${complaints}\n`
}
