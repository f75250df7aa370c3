import 'server-only'
import { type Answer, type Ticket, tickets } from '@/lib/api'
import { isId } from '@/lib/paths'
import { requireUser } from '@/lib/session'

/** A ticket for its seller. For everybody else it is not there: these pages are nobody else's. */
export async function ownTicket(
  id: string,
  path: string,
): Promise<{ kind: 'missing' } | { kind: 'answer'; answer: Answer<Ticket> }> {
  const user = await requireUser(path)
  if (!isId(id)) return { kind: 'missing' }
  const answer = await tickets.show(id)
  const missing = answer.ok ? answer.data.userId !== user.id : answer.problem.kind === 'missing'
  return missing ? { kind: 'missing' } : { kind: 'answer', answer }
}
