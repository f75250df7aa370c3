import { apiOrigin } from './api/origin'
import type { components } from './api/schema'

/** Who moves the money and, where buyers are sent to pages of its own, where those are. */
export type Provider = components['schemas']['Provider']

/** For how long an answer is good: another comes only with a new start of the API. */
const GOOD_FOR_MS = 30_000
const PATIENCE_MS = 2_000

let known: { provider: Provider; until: number } | undefined

/** Asked once in a while for all visitors. While the API does not answer, it is what it said last. */
export async function paymentProvider(): Promise<Provider | undefined> {
  if (known && known.until > Date.now()) return known.provider
  const path = '/api/payments/provider'
  try {
    const answer = await fetch(new URL(path, apiOrigin(path)), {
      cache: 'no-store',
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
    if (answer.ok) known = { provider: await answer.json(), until: Date.now() + GOOD_FOR_MS }
  } catch {
    // As if it had not been asked.
  }
  return known?.provider
}

const NAMES: Record<string, string> = { mollie: 'Mollie', stripe: 'Stripe' }

/** As people know it. */
export function providerName({ name }: Provider): string {
  return NAMES[name] ?? name
}
