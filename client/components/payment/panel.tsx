import type { Order } from '@/lib/api'
import { type Provider, providerName } from '@/lib/payment-provider'
import { Notice } from '../ui/notice'
import { ElementPanel } from './element-panel'
import { PagePanel } from './page-panel'
import { SandboxPanel } from './sandbox-panel'

export type PanelProps = {
  /** Who moves the money. */
  provider: Provider
  order: Order
  /** The idempotency key of the first attempt. */
  formKey: string
  /** `Pay $70.00` */
  pay: string
  /** Whether a payment has begun that its buyer may still make. */
  begun: boolean
}

/** Each way to pay has a panel of its own, with an action of its own. */
export function PaymentPanel({
  provider,
  ...props
}: Omit<PanelProps, 'provider'> & { provider?: Provider }) {
  if (provider?.pages && provider.element) {
    const { script } = provider.element
    const { order, formKey, pay } = props
    return (
      <ElementPanel
        name={providerName(provider)}
        script={script}
        orderId={order.id}
        formKey={formKey}
        pay={pay}
      />
    )
  }
  if (provider?.pages) return <PagePanel provider={provider} {...props} />
  if (provider?.name === 'sandbox') return <SandboxPanel provider={provider} {...props} />
  return provider ? (
    <Notice tone="bad" title="This site cannot take payments here.">
      <p>Nothing was charged. Please tell the people who run it.</p>
    </Notice>
  ) : (
    <Notice tone="wait" title="How to pay cannot be shown right now.">
      <p>Nothing was charged. Please load this page again in a moment.</p>
    </Notice>
  )
}
