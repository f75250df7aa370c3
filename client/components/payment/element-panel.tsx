'use client'

import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { payInElement, payOnPage } from '@/lib/actions/paying'
import type { FormAction } from '@/lib/forms'
import { mayUseElement, takePressed } from '@/lib/pressed'
import { useScripted } from '@/lib/scripted'
import { loadStripe, type Stripe } from '@/lib/stripe'
import { Form } from '../form/form'
import { Submit } from '../form/submit'
import styles from './panel.module.css'

/** Nobody loads it who does not pay. */
const CardForm = lazy(() => import('./card-form'))

type Opened = { stripe: Stripe; clientSecret: string }

/**
 * Asks for the card here, in a frame that the provider's script fills; or leads to the provider's page, where there are no
 * scripts, or that one cannot be had. Nothing of the provider's is loaded before the button is pressed.
 */
export function ElementPanel({
  name,
  script,
  orderId,
  formKey,
  pay,
}: {
  /** As people know the provider. */
  name: string
  /** Where its script is. */
  script: string
  orderId: string
  formKey: string
  pay: string
}) {
  const scripted = useScripted()
  const [opened, setOpened] = useState<Opened>()
  const panel = useRef<HTMLElement>(null)

  const open: FormAction = async (state, data) => {
    // The policy is that of the page one came to this site by.
    if (!mayUseElement(orderId)) return state
    const stripe = await loadStripe(script)
    if (!stripe) return payOnPage(state, data)
    const { state: next, keys } = await payInElement(state, data)
    if (!keys) return next
    const { clientSecret, publishableKey } = keys
    setOpened({ stripe: stripe(publishableKey, { locale: 'en' }), clientSecret })
    return next
  }

  useEffect(() => {
    if (scripted && takePressed(orderId)) panel.current?.querySelector('form')?.requestSubmit()
  }, [scripted, orderId])

  return (
    <section ref={panel} className={styles.panel} aria-labelledby="pay-title">
      <h2 id="pay-title">Pay</h2>
      <p>Your card goes straight to {name} and never reaches this site.</p>
      {opened ? (
        <Suspense fallback={<p role="status">Opening {name}…</p>}>
          <CardForm {...opened} name={name} orderId={orderId} pay={pay} />
        </Suspense>
      ) : (
        <div data-leads-away>
          <Form action={payOnPage} scriptedAction={open} formKey={formKey} label="Pay">
            <input type="hidden" name="orderId" value={orderId} />
            <Submit wide busy={`Opening ${name}…`}>
              {pay}
            </Submit>
          </Form>
        </div>
      )}
    </section>
  )
}
