import type { Said } from './stripe.ts'

export type Intent = {
  id: string
  object: 'payment_intent'
  status: 'requires_payment_method' | 'requires_action' | 'processing' | 'succeeded' | 'canceled'
  amount: number
  currency: string
  client_secret: string
  metadata: { payment: string; order: string }
  last_payment_error: object | null
  next_action: object | null
  /** Where the browser is led back to. */
  return_url: string
}

const PUBLISHABLE_KEY = 'pk_test_e2e'

const SERVER_ONLY = { error: { type: 'invalid_request_error', code: 'secret_key_required' } }

/** What becomes of a means of payment: Stripe's well-known cards, and a bank with a page of its own. */
const DECLINED: Record<string, [code: string, message: string]> = {
  pm_declined: ['card_declined', 'Your card was declined.'],
  pm_empty: ['card_declined', 'Your card has insufficient funds.'],
}

/** PaymentIntents, for a server with the secret key and a browser with the publishable one. */
export class Intents {
  private readonly all = new Map<string, Intent>()
  private readonly made = new Map<string, Intent>()

  named(id: string): Intent | undefined {
    return this.all.get(id)
  }

  /** Those that an order was to be paid by, oldest first. */
  of(order: string): Intent[] {
    return [...this.all.values()].filter(({ metadata }) => metadata.order === order)
  }

  forServer(method: string, path: string[], form: URLSearchParams, key: string): Said {
    const [id, what] = path
    if (method === 'POST' && !id) return [200, shown(this.made.get(key) ?? this.make(form, key))]
    const intent = this.all.get(id ?? '')
    if (!intent) return [404, fault('resource_missing')]
    if (what === 'cancel') {
      if (intent.status === 'succeeded' || intent.status === 'canceled') return unexpected(intent)
      intent.status = 'canceled'
    }
    return [200, shown(intent)]
  }

  /** With the publishable key, and what lets one see and confirm this one intent. */
  forBrowser(method: string, path: string[], given: URLSearchParams): Said {
    if (given.get('key') !== PUBLISHABLE_KEY) return [401, SERVER_ONLY]
    const [area, id, what] = path
    const secret = given.get('client_secret')
    const intent =
      area === 'elements'
        ? [...this.all.values()].find(({ client_secret }) => client_secret === secret)
        : this.all.get(id ?? '')
    if (!intent || intent.client_secret !== secret) return [404, fault('resource_missing')]
    if (area === 'payment_intents' && method === 'POST' && what === 'confirm') {
      return this.confirm(intent, given)
    }
    return [200, shown(intent)]
  }

  /** The buyer’s bank has asked whether it is them. */
  authenticated(intent: Intent, yes: boolean): void {
    if (intent.status !== 'requires_action') return
    intent.next_action = null
    if (yes) intent.status = 'succeeded'
    else
      refuse(
        intent,
        'payment_intent_authentication_failure',
        'We are unable to authenticate your payment method. Please choose a different payment method and try again.',
      )
  }

  private make(form: URLSearchParams, key: string): Intent {
    const id = `pi_${this.all.size + 1}`
    const intent: Intent = {
      id,
      object: 'payment_intent',
      status: 'requires_payment_method',
      amount: Number(form.get('amount')),
      currency: String(form.get('currency')),
      client_secret: `${id}_secret_${Math.random().toString(36).slice(2)}`,
      metadata: {
        payment: String(form.get('metadata[payment]')),
        order: String(form.get('metadata[order]')),
      },
      last_payment_error: null,
      next_action: null,
      return_url: '',
    }
    this.all.set(id, intent)
    this.made.set(key, intent)
    return intent
  }

  private confirm(intent: Intent, given: URLSearchParams): Said {
    if (intent.status !== 'requires_payment_method' && intent.status !== 'requires_action') {
      return unexpected(intent)
    }
    const method = given.get('payment_method') ?? ''
    intent.return_url = given.get('return_url') ?? ''
    const declined = DECLINED[method]
    if (declined) return [402, { error: refuse(intent, ...declined) }]
    if (method === 'pm_3ds' || method === 'pm_bank') {
      intent.status = 'requires_action'
      const type = method === 'pm_3ds' ? 'use_stripe_sdk' : 'redirect_to_url'
      intent.next_action = { type }
    } else {
      intent.status = 'succeeded'
    }
    return [200, shown(intent)]
  }
}

function shown({ return_url: _, ...intent }: Intent): object {
  return intent
}

function refuse(intent: Intent, code: string, message: string): object {
  const error = { type: 'card_error', code, message }
  intent.status = 'requires_payment_method'
  intent.last_payment_error = error
  return { ...error, payment_intent: shown(intent) }
}

function unexpected(intent: Intent): Said {
  const message = 'This PaymentIntent is in a state in which it cannot be confirmed.'
  const code = 'payment_intent_unexpected_state'
  const payment_intent = shown(intent)
  return [400, { error: { type: 'invalid_request_error', code, message, payment_intent } }]
}

function fault(code: string): object {
  return { error: { type: 'invalid_request_error', code, message: code } }
}
