import { redirect } from 'next/navigation'
import { ownData } from '@/lib/export'
import { signInFor } from '@/lib/paths'
import { requireUser } from '@/lib/session'

/** One's own data as a file: a plain link leads here, so that it needs no scripts. */
export async function GET() {
  const user = await requireUser('/account')
  const answer = await ownData(user.id)
  if (!answer.ok) {
    redirect(answer.problem.kind === 'signed-out' ? signInFor('/account') : '/account?trouble')
  }
  return new Response(JSON.stringify(answer.data, null, 2), {
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'content-disposition': 'attachment; filename="ticketing-my-data.json"',
      'cache-control': 'private, no-store',
    },
  })
}
