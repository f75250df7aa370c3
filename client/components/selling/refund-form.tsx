'use client'

import { refund } from '@/lib/actions/refunding'
import { Field, TextArea } from '../form/field'
import { Form, useForm } from '../form/form'
import { Submit } from '../form/submit'
import styles from './selling.module.css'

/** Gives money back: what is written is read back first, and then confirmed. */
export function RefundForm({
  formKey,
  paymentId,
  currency,
  left,
  leftWords,
  held,
}: {
  formKey: string
  paymentId: string
  currency: string
  /** All that can be given back, as it is typed and as it is read. */
  left: string
  leftWords: string
  /** How many units can go back on sale. */
  held: number
}) {
  return (
    <Form
      action={refund}
      formKey={formKey}
      label="Give money back"
      values={{ amount: left, units: '0', reason: '' }}
    >
      <input type="hidden" name="paymentId" value={paymentId} />
      <input type="hidden" name="currency" value={currency} />
      <input type="hidden" name="left" value={left} />
      <div className={styles.fields}>
        <Field
          name="amount"
          label="How much"
          hint={`At most ${leftWords}.`}
          inputMode="decimal"
          autoComplete="off"
          suffix={currency.toUpperCase()}
          required
        />
        {held > 0 ? (
          <Field
            name="units"
            label="Tickets that go back on sale"
            hint={`From 0 to ${held}: the buyer does not hold them any more.`}
            inputMode="numeric"
            autoComplete="off"
            required
          />
        ) : null}
        <TextArea
          name="reason"
          label="Why"
          hint="The buyer reads this."
          rows={3}
          maxLength={500}
          required
        />
        <Confirm />
      </div>
    </Form>
  )
}

function Confirm() {
  const { state } = useForm()
  const asked = state.values.asked ?? ''
  return (
    <>
      <input type="hidden" name="asked" value={asked} />
      {asked ? (
        <Submit look="danger" busy="Giving it back…">
          Give it back
        </Submit>
      ) : (
        <Submit>Go on</Submit>
      )}
    </>
  )
}
