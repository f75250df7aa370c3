/**
 * Stripe.js, as far as it is used here, after its public reference. It is loaded from Stripe, as its terms demand, and only
 * when somebody is about to pay with it.
 */

export type Stripe = {
  elements(options: {
    clientSecret: string
    appearance?: Appearance
    locale?: string
  }): StripeElements
  confirmPayment(options: {
    elements: StripeElements
    redirect: 'if_required'
    confirmParams: { return_url: string }
  }): Promise<Confirmed>
}

export type StripeElements = {
  create(type: 'payment', options?: { layout?: string }): PaymentElement
  update(options: { appearance?: Appearance }): void
}

export type PaymentElement = {
  mount(place: HTMLElement): void
  on(event: 'ready' | 'change', hear: () => void): unknown
  on(event: 'loaderror', hear: (event: { error: StripeError }) => void): unknown
  focus(): void
  destroy(): void
}

export type Confirmed = {
  paymentIntent?: { status: string }
  error?: StripeError
}

export type StripeError = {
  type: string
  code?: string
  message?: string
  /** What it was about, as it is now. */
  payment_intent?: { status: string }
}

export type Appearance = {
  theme: 'stripe' | 'night'
  variables: Record<string, string>
  rules: Record<string, Record<string, string>>
}

export type StripeMaker = (publishableKey: string, options?: { locale?: string }) => Stripe

/** How long the script may take: who waits longer is better off on Stripe's page. */
const PATIENCE_MS = 12_000

/** Stripe.js; `undefined` where it cannot be had, because it is blocked, say, or there is no way to it. */
export function loadStripe(address: string): Promise<StripeMaker | undefined> {
  const known = maker()
  if (known) return Promise.resolve(known)
  return new Promise((resolve) => {
    const script = document.createElement('script')
    const over = (found?: StripeMaker) => {
      clearTimeout(timer)
      // Another attempt is another element: one that has failed never loads.
      if (!found) script.remove()
      resolve(found)
    }
    const timer = setTimeout(over, PATIENCE_MS)
    script.addEventListener('load', () => over(maker()))
    script.addEventListener('error', () => over())
    script.src = address
    document.head.append(script)
  })
}

function maker(): StripeMaker | undefined {
  return (window as { Stripe?: StripeMaker }).Stripe
}

/** What became of an attempt, and what to say of it. */
export type Outcome =
  /** Paid, or the bank is at it: the order's page shows the rest by itself. */
  | { kind: 'made'; message: string }
  /** Not paid; another attempt may be. */
  | { kind: 'failed'; message: string }
  /** It cannot be paid here any more. */
  | { kind: 'over'; message: string }

export function outcomeOf({ paymentIntent, error }: Confirmed): Outcome {
  const status = paymentIntent?.status ?? error?.payment_intent?.status
  switch (status) {
    case 'succeeded':
      return { kind: 'made', message: 'Your payment is made. Your receipt is on its way here.' }
    case 'processing':
      return { kind: 'made', message: 'Your bank is at it. This page shows the answer by itself.' }
    case 'canceled':
      return {
        kind: 'over',
        message: 'This payment is over, and you were not charged. Please load this page again.',
      }
  }
  switch (error?.type) {
    case 'card_error':
    case 'validation_error': {
      const why = error.message ?? 'The payment did not go through.'
      return {
        kind: 'failed',
        message:
          error.type === 'card_error'
            ? `${why} Nothing was charged: try again, or with another card.`
            : why,
      }
    }
    default:
      return {
        kind: 'failed',
        message:
          'It is not known yet whether that worked. If it did, this page shows it in a moment; if not, try again: you are charged once at most.',
      }
  }
}
