'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { payOnPage } from '@/lib/actions/paying'
import { newKey } from '@/lib/forms'
import { type Appearance, outcomeOf, type Stripe, type StripeElements } from '@/lib/stripe'
import { Form } from '../form/form'
import formStyles from '../form/form.module.css'
import { Submit } from '../form/submit'
import button from '../ui/button.module.css'
import styles from './panel.module.css'

/**
 * `loading`: its fields are on their way. `lost`: they cannot be had. `made`: it is for the server to say how it ended. `over`:
 * nothing can be paid here any more.
 */
type Stage = 'loading' | 'ready' | 'paying' | 'lost' | 'made' | 'over'

/**
 * The provider's fields in our page. What is said here of a payment is what the browser knows; that the order is paid is said
 * by the page around it, when the server knows.
 */
export default function CardForm({
  stripe,
  clientSecret,
  name,
  orderId,
  pay,
}: {
  stripe: Stripe
  clientSecret: string
  /** As people know the provider. */
  name: string
  orderId: string
  pay: string
}) {
  const router = useRouter()
  const frame = useRef<HTMLDivElement>(null)
  const region = useRef<HTMLDivElement>(null)
  const message = useRef<HTMLParagraphElement>(null)
  const elements = useRef<StripeElements>(undefined)
  const [stage, setStage] = useState<Stage>('loading')
  const [said, setSaid] = useState<string>()
  const [key] = useState(newKey)

  useEffect(() => {
    const place = frame.current
    if (!place) return
    // What was pressed is gone, and the focus with it.
    region.current?.focus()
    const dark = matchMedia('(prefers-color-scheme: dark)')
    const group = stripe.elements({ clientSecret, appearance: appearance(dark.matches) })
    const element = group.create('payment', { layout: 'tabs' })
    elements.current = group
    element.on('ready', () => {
      setStage((stage) => (stage === 'loading' ? 'ready' : stage))
      if (document.activeElement === region.current) element.focus()
    })
    element.on('loaderror', () => setStage('lost'))
    element.mount(place)
    const repaint = () => group.update({ appearance: appearance(dark.matches) })
    dark.addEventListener('change', repaint)
    return () => {
      dark.removeEventListener('change', repaint)
      element.destroy()
    }
  }, [stripe, clientSecret])

  useEffect(() => {
    if (said || stage === 'lost') message.current?.focus()
  }, [said, stage])

  // Not an action: while one is under way the router shows nothing new, and a bank may take minutes.
  const confirm = async (event: FormEvent) => {
    event.preventDefault()
    if (stage !== 'ready' || !elements.current) return
    setStage('paying')
    setSaid(undefined)
    const outcome = outcomeOf(
      await stripe
        .confirmPayment({
          elements: elements.current,
          redirect: 'if_required',
          confirmParams: { return_url: `${location.origin}/orders/${orderId}` },
        })
        .catch(() => ({ error: { type: 'api_connection_error' } })),
    )
    setStage(outcome.kind === 'failed' ? 'ready' : outcome.kind)
    setSaid(outcome.message)
    router.refresh()
  }

  const ended = stage === 'made' || stage === 'over'
  const text =
    stage === 'lost'
      ? `${name}’s form cannot be shown here. If you have paid already, this page shows it by itself.`
      : said
  return (
    <section ref={region} className={styles.fields} aria-label="Your card" tabIndex={-1}>
      {text && (
        <p
          ref={message}
          className={formStyles.message}
          data-tone={stage === 'made' ? 'good' : 'bad'}
          data-flush
          tabIndex={-1}
        >
          {text}
        </p>
      )}
      <p className="hidden" role="status">
        {stage === 'loading' && `${name}’s form is being loaded.`}
        {stage === 'paying' && 'Paying. Your bank may ask you to confirm.'}
      </p>
      <form
        className={styles.fields}
        onSubmit={confirm}
        aria-label="Pay"
        hidden={ended || stage === 'lost'}
      >
        <div ref={frame} className={styles.frame} data-loading={stage === 'loading' || undefined} />
        <button
          type="submit"
          className={button.button}
          data-look="primary"
          data-wide
          aria-disabled={stage !== 'ready' || undefined}
        >
          {stage === 'paying' ? 'Paying… please keep this page open' : pay}
        </button>
      </form>
      {!ended && stage !== 'paying' && (
        <div data-leads-away>
          <Form action={payOnPage} formKey={key} label={`Pay on ${name}’s page`}>
            <input type="hidden" name="orderId" value={orderId} />
            <Submit look={stage === 'lost' ? 'primary' : 'quiet'} wide busy={`Opening ${name}…`}>
              {`Pay on ${name}’s page instead`}
            </Submit>
          </Form>
        </div>
      )}
    </section>
  )
}

/** As the rest of the page looks just now. */
function appearance(dark: boolean): Appearance {
  const page = getComputedStyle(document.documentElement)
  const token = (name: string) => page.getPropertyValue(`--${name}`).trim()
  return {
    theme: dark ? 'night' : 'stripe',
    variables: {
      colorPrimary: token('action'),
      colorBackground: token('surface'),
      colorText: token('ink'),
      colorTextSecondary: token('ink-soft'),
      colorTextPlaceholder: token('ink-soft'),
      colorDanger: token('bad'),
      fontFamily: 'system-ui, sans-serif',
      // Smaller text makes phones zoom in.
      fontSizeBase: '16px',
      borderRadius: '8px',
      spacingUnit: '4px',
    },
    rules: {
      '.Input': { border: `1.5px solid ${token('line-strong')}`, boxShadow: 'none' },
      '.Input:focus': { outline: `3px solid ${token('focus')}`, outlineOffset: '1px' },
      '.Label': { fontWeight: '600' },
    },
  }
}
