import type { Intent } from './stripe-intents.ts'

/**
 * A stand-in for Stripe.js, after its public reference: as much of it as our page uses. The card is asked for in a frame from
 * another origin, as by the real one, and the page only ever learns a name for it.
 */
export const stripeJs = `(() => {
  const { origin } = new URL(document.currentScript.src)

  const call = async (path, fields, method = 'GET') => {
    const query = new URLSearchParams(fields)
    const address = origin + path + (method === 'GET' ? '?' + query : '')
    try {
      const answer = await fetch(address, method === 'GET' ? {} : { method, body: query })
      return await answer.json()
    } catch {
      return { error: { type: 'api_connection_error', message: 'The connection was lost.' } }
    }
  }

  const frameOf = (path, title) => {
    const frame = document.createElement('iframe')
    frame.src = origin + path
    frame.title = title
    frame.style.cssText = 'display: block; width: 100%; border: 0'
    return frame
  }

  const from = (frame, hear) => {
    const listen = ({ source, data }) => source === frame.contentWindow && hear(data)
    addEventListener('message', listen)
    return () => removeEventListener('message', listen)
  }

  /** The bank asks whether it is its customer: a modal, until it is answered. */
  const challenge = (id) =>
    new Promise((resolve) => {
      const modal = document.createElement('div')
      modal.style.cssText = 'position: fixed; inset: 0; z-index: 9; background: #000b'
      const frame = frameOf('/3ds/' + id, '3-D Secure')
      frame.style.cssText += '; height: 20rem; margin: 10vh auto; max-width: 24rem; background: #fff'
      const stop = from(frame, (data) => {
        if (data !== 'done') return
        stop()
        modal.remove()
        resolve()
      })
      modal.append(frame)
      document.body.append(modal)
    })

  window.Stripe = (key) => {
    const elements = ({ clientSecret, appearance }) => {
      const group = { clientSecret }
      group.update = ({ appearance }) => group.paint?.(appearance)
      group.create = () => {
        const hears = { ready: [], change: [], loaderror: [] }
        const frame = frameOf('/frame', 'Secure payment input frame')
        frame.style.height = '11rem'
        group.paint = (look) => frame.contentWindow?.postMessage({ look }, origin)
        const stop = from(frame, (data) => {
          if (data.event === 'there') group.paint(appearance)
          for (const hear of hears[data.event === 'there' ? 'ready' : data.event] ?? []) hear(data)
        })
        group.collect = () =>
          new Promise((resolve) => {
            const done = from(frame, (data) => {
              if (data.event !== 'collected') return
              done()
              resolve(data)
            })
            frame.contentWindow.postMessage({ collect: true }, origin)
          })
        const element = {
          on: (event, hear) => {
            hears[event].push(hear)
            return element
          },
          mount: async (place) => {
            const { error } = await call('/v1/elements/sessions', {
              key,
              client_secret: clientSecret,
            })
            if (error) for (const hear of hears.loaderror) hear({ error })
            else place.append(frame)
          },
          focus: () => frame.contentWindow?.postMessage({ focus: true }, origin),
          destroy: () => {
            stop()
            frame.remove()
          },
        }
        return element
      }
      return group
    }

    const confirmPayment = async ({ elements, confirmParams }) => {
      const { error: incomplete, payment_method } = await elements.collect()
      if (incomplete) return { error: incomplete }
      const { clientSecret } = elements
      const path = '/v1/payment_intents/' + clientSecret.split('_secret_')[0]
      const names = { key, client_secret: clientSecret }
      const { error, ...intent } = await call(
        path + '/confirm',
        { ...names, payment_method, return_url: confirmParams.return_url },
        'POST',
      )
      if (error) return { error }
      if (intent.next_action?.type === 'redirect_to_url') {
        location.assign(origin + '/bank/' + intent.id)
        return new Promise(() => {})
      }
      if (intent.next_action) {
        await challenge(intent.id)
        const { error, ...after } = await call(path, names)
        if (error) return { error }
        const failed = after.status === 'requires_payment_method'
        return failed ? { error: after.last_payment_error } : { paymentIntent: after }
      }
      return { paymentIntent: intent }
    }

    return { elements, confirmPayment }
  }
})()`

/** Asks for the card. */
export const cardFrame = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Card</title>
<style>
  body { margin: 4px; font: 16px system-ui, sans-serif }
  label { display: block; margin-block-end: 12px; font-weight: 600 }
  input, select { display: block; width: 100%; box-sizing: border-box; height: 44px; margin-block-start: 4px;
    padding: 0 12px; font: inherit; color: inherit; background: none; border: 1.5px solid; border-radius: 8px }
</style>
<label>Pay with <select id="how"><option value="card">Card</option><option value="pm_bank">Bank</option></select></label>
<label>Card number <input id="number" inputmode="numeric" autocomplete="cc-number"></label>
<script>
  const say = (data) => parent.postMessage(data, '*')
  const methods = {
    4242424242424242: 'pm_visa', 4000000000000002: 'pm_declined', 4000000000009995: 'pm_empty',
    4000002760003184: 'pm_3ds',
  }
  const incomplete = { type: 'validation_error', code: 'incomplete_number', message: 'Your card number is incomplete.' }
  const collected = () => {
    if (how.value !== 'card') return { payment_method: how.value }
    const payment_method = methods[number.value.replaceAll(' ', '')]
    return payment_method ? { payment_method } : { error: incomplete }
  }
  addEventListener('message', ({ data }) => {
    if (data.collect) say({ event: 'collected', ...collected() })
    if (data.focus) number.focus()
    if (data.look) {
      document.body.style.color = data.look.variables.colorText
      document.body.style.background = data.look.variables.colorBackground
    }
  })
  document.addEventListener('input', () => say({ event: 'change' }))
  say({ event: 'there' })
</script></html>`

const ask = `<form method="post">
  <button name="answer" value="yes">It is me</button> <button name="answer" value="no">It is not</button>
</form>`

/** 3-D Secure, in a frame of the modal. */
export function challengeFrame({ amount }: Intent): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>3-D Secure</title>
    <h1>Your bank</h1><p>${(amount / 100).toFixed(2)}: is it you?</p>${ask}</html>`
}

/** The page of a bank that one is sent to. */
export function bankPage({ amount }: Intent): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Bank</title>
    <h1>The bank’s page</h1><p>${(amount / 100).toFixed(2)}</p>${ask}</html>`
}
