import { payOnPage } from '@/lib/actions/paying'
import { providerName } from '@/lib/payment-provider'
import { Form } from '../form/form'
import { Submit } from '../form/submit'
import type { PanelProps } from './panel'
import styles from './panel.module.css'

/** Leads to a page of the provider's, which asks for the card. */
export function PagePanel({ provider, order, formKey, pay, begun }: PanelProps) {
  const name = providerName(provider)
  return (
    <section className={styles.panel} aria-labelledby="pay-title" data-leads-away>
      <h2 id="pay-title">Pay</h2>
      <p>
        You pay on a page of {name}’s, and come back here. Your card is entered there and never
        reaches this site.
      </p>
      <Form action={payOnPage} formKey={formKey} label="Pay">
        <input type="hidden" name="orderId" value={order.id} />
        <Submit wide busy={`Opening ${name}…`}>
          {begun ? `Continue at ${name}` : pay}
        </Submit>
      </Form>
    </section>
  )
}
