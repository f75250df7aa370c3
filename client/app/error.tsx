'use client'

import { Submit } from '@/components/form/submit'
import { Empty } from '@/components/ui/empty'

/** What is shown where a page broke; pages whose data could not be had show `Trouble` themselves. */
export default function PageError({ reset }: { error: Error; reset: () => void }) {
  return (
    <Empty title="That did not work" level={1}>
      <p>Something on our side broke while showing this page. Nothing you did is lost.</p>
      <form action={reset}>
        <Submit>Try again</Submit>
      </form>
    </Empty>
  )
}
