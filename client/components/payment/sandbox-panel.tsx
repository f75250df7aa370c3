import { payInSandbox } from '@/lib/actions/paying'
import { sandboxOutcomes } from '@/lib/sandbox'
import { Choice } from '../form/choice'
import { Form } from '../form/form'
import { Submit } from '../form/submit'
import type { PanelProps } from './panel'
import styles from './panel.module.css'

/** The sandbox has no cards: one picks what its bank should answer. */
export function SandboxPanel({ order, formKey, pay }: PanelProps) {
  return (
    <section className={styles.panel} aria-labelledby="pay-title">
      <div className={styles.head}>
        <h2 id="pay-title">Pay</h2>
        <p className={styles.test}>Test mode</p>
      </div>
      <p>No real money moves here. Pick what the bank should answer, and pay.</p>
      <Form action={payInSandbox} formKey={formKey} values={{ outcome: 'pays' }} label="Pay">
        <input type="hidden" name="orderId" value={order.id} />
        <div className={styles.fields}>
          <Choice name="outcome" label="What the bank answers" options={sandboxOutcomes} />
          <Submit wide busy="Paying… please keep this page open">
            {pay}
          </Submit>
        </div>
      </Form>
    </section>
  )
}
