import { redirect } from 'next/navigation'
import type { Problem } from '@/lib/api'
import { signInFor } from '@/lib/paths'
import { ButtonLink } from './button-link'
import { Empty } from './empty'

/**
 * A page, or a part of one, whose data could not be had: what happened, and a link that tries again. Pages show this
 * instead of throwing, so that it is there without scripts, too. Those who are not signed in go to the sign-in.
 */
export function Trouble({
  problem,
  path,
  level = 1,
}: {
  problem: Problem
  /** The page's own path, to try again or to come back to. */
  path: string
  level?: 1 | 2
}) {
  if (problem.kind === 'signed-out') redirect(signInFor(path))
  return (
    <Empty title="The box office is not answering" level={level}>
      <p>{problem.message}</p>
      <ButtonLink href={path}>Try again</ButtonLink>
      {problem.requestId && <p className="small soft">Reference: {problem.requestId}</p>}
    </Empty>
  )
}
