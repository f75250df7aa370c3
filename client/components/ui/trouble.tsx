import { redirect } from 'next/navigation'
import type { Problem } from '@/lib/api'
import { signInFor } from '@/lib/paths'
import { currentUser } from '@/lib/session'
import { ButtonLink } from './button-link'
import { Empty } from './empty'
import { Missing } from './missing'

/**
 * A page, or a part of one, whose data could not be had: what happened, and a link that tries again. Pages show this
 * instead of throwing, so that it is there without scripts, too. Those who are not signed in go to the sign-in; what is
 * somebody else's is not there.
 */
export async function Trouble({
  problem,
  path,
  level = 1,
}: {
  problem: Problem
  /** The page's own path, to try again or to come back to. */
  path: string
  level?: 1 | 2
}) {
  if (problem.kind === 'signed-out') {
    if (await currentUser()) return <Missing />
    redirect(signInFor(path))
  }
  return (
    <Empty title="The box office is not answering" level={level}>
      {/* To the server in front: whatever was said before, this page is not to be kept for everybody. */}
      <meta name="ticketing-keep" content="no" />
      <p>{problem.message}</p>
      <ButtonLink href={path}>Try again</ButtonLink>
      {problem.requestId && <p className="small soft">Reference: {problem.requestId}</p>}
    </Empty>
  )
}
