'use client'

import { useEffect, useState } from 'react'
import { Notice } from '../ui/notice'

/** What Stripe adds to the address that a bank's page leads back to. The second lets whoever has it see the payment. */
const ADDED = ['payment_intent', 'payment_intent_client_secret', 'redirect_status', 'source_type']

/** Takes out of the address what a bank's page has added to it, and says what that is good for. */
export function ComeBack({ unpaid }: { unpaid: boolean }) {
  const [failed, setFailed] = useState(false)
  useEffect(() => {
    const address = new URL(location.href)
    if (!ADDED.some((name) => address.searchParams.has(name))) return
    setFailed(address.searchParams.get('redirect_status') === 'failed')
    for (const name of ADDED) address.searchParams.delete(name)
    // The router hears of it by a replaceState of its own, which is there once the effects of all components have run. One that it has
    // not heard of it takes back when the page is next shown anew.
    queueMicrotask(() => history.replaceState(null, '', address))
  }, [])
  return (
    <div role="status">
      {failed && unpaid ? (
        <Notice tone="bad" title="That payment did not go through.">
          <p>Nothing was charged: try again, or pay in another way.</p>
        </Notice>
      ) : null}
    </div>
  )
}
