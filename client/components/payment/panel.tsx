import type { ReactNode } from 'react'
import type { Order } from '@/lib/api'
import { SandboxPanel } from './sandbox-panel'

/** Who moves the money. Each has a panel of its own, which hands a token to an action of its own. */
export type Provider = 'sandbox'

export type PanelProps = {
  order: Order
  /** The idempotency key of the first attempt. */
  formKey: string
  /** `Pay $70.00` */
  pay: string
}

const panels: Record<Provider, (props: PanelProps) => ReactNode> = {
  sandbox: SandboxPanel,
}

export function PaymentPanel({ provider, ...props }: PanelProps & { provider: Provider }) {
  const Panel = panels[provider]
  return <Panel {...props} />
}
