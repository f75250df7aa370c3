'use server'

import { refresh } from 'next/cache'
import { redirect } from 'next/navigation'
import { type Ticket, tickets } from '../api'
import { type FormState, failed, invalid, keyOf, text } from '../forms'
import { besideFields, differing, listingOf, newTicketOf, valuesOf } from '../listing'
import { signInFor } from '../paths'

export async function putUp(state: FormState, data: FormData): Promise<FormState> {
  const values = valuesIn(data)
  const checked = listingOf(values, Date.now())
  if (text(data, 'intent') === 'preview') return previewed(state, data, checked)
  if (!checked.ok) return invalid(state, data, checked.fields)
  const answer = await tickets.create(
    newTicketOf(checked.listing, values.currency ?? ''),
    keyOf(data),
  )
  if (answer.ok) redirect(`/my-tickets/${answer.data.id}/share?new`)
  return notTaken(state, data, answer.problem)
}

/** Changes the version of a ticket that was shown; whatever changed since is not overwritten unseen. */
export async function edit(state: FormState, data: FormData): Promise<FormState> {
  const id = text(data, 'id')
  const seen = seenIn(data)
  const checked = listingOf(valuesIn(data), Date.now(), seen)
  if (text(data, 'intent') === 'preview') return previewed(state, data, checked)
  if (!checked.ok) return invalid(state, data, checked.fields)
  const key = keyOf(data)
  let etag: string | undefined = text(data, 'etag')
  let answer = await tickets.edit(id, checked.listing, etag, key)
  for (let again = 1; !answer.ok && answer.problem.kind === 'conflict'; again++) {
    const now = await tickets.show(id)
    if (!now.ok || now.etag === etag || again > MOST_TRIES) break
    etag = now.etag
    const theirs = valuesOf(now.data)
    if (differing(theirs, seen).length > 0) {
      const message =
        'This ticket was changed elsewhere since you opened it. Nothing of yours is lost: look at what differs, and save again to keep yours.'
      const failure = failed(state, data, { ...answer.problem, message })
      const told = JSON.stringify(theirs)
      return {
        ...failure,
        values: { ...failure.values, etag: etag ?? '', seen: told, theirs: told },
      }
    }
    // Somebody bought or let go: what the seller wrote is as they saw it.
    answer = await tickets.edit(id, checked.listing, etag, `${key}-${again}`)
  }
  if (answer.ok) redirect(`/my-tickets?saved=${id}`)
  if (answer.problem.kind !== 'signed-out') refresh()
  return notTaken(state, data, answer.problem)
}

export async function withdraw(state: FormState, data: FormData): Promise<FormState> {
  const id = text(data, 'id')
  const answer = await tickets.withdraw(id, keyOf(data))
  if (answer.ok || answer.problem.kind === 'missing') redirect('/my-tickets?withdrawn')
  if (answer.problem.kind === 'signed-out') redirect(signInFor(`/my-tickets/${id}/withdraw`))
  // Somebody was faster: the page then says what one can do instead.
  refresh()
  return failed(state, data, answer.problem)
}

/** Leaves those who have some what they have, and sells no more. */
export async function stopSelling(state: FormState, data: FormData): Promise<FormState> {
  const id = text(data, 'id')
  const key = keyOf(data)
  const again = signInFor(`/my-tickets/${id}/withdraw`)
  for (let attempt = 1; ; attempt++) {
    const now = await tickets.show(id)
    if (!now.ok) return failed(state, data, now.problem)
    const taken = now.data.quantity - now.data.available
    if (now.data.available === 0 && taken > 0) redirect('/my-tickets?stopped')
    const answer = await tickets.edit(
      id,
      { ...asItIs(now.data), quantity: Math.max(taken, 1) },
      now.etag,
      `${key}-${attempt}`,
    )
    if (answer.ok) redirect('/my-tickets?stopped')
    if (answer.problem.kind === 'signed-out') redirect(again)
    if (answer.problem.kind !== 'conflict' || attempt >= MOST_TRIES) {
      refresh()
      return failed(state, data, answer.problem)
    }
  }
}

/** How often a change that a purchase came before is tried anew. */
const MOST_TRIES = 5

function asItIs(ticket: Ticket) {
  return { title: ticket.title, price: ticket.price }
}

function notTaken(
  state: FormState,
  data: FormData,
  problem: Parameters<typeof failed>[2],
): FormState {
  // A sign-in here would lose what was typed.
  const message =
    problem.kind === 'signed-out'
      ? 'You are signed out. Sign in again in another tab, then come back and send this once more: what you typed is still here.'
      : problem.message
  return failed(state, data, { ...problem, message, fields: besideFields(problem.fields) })
}

/** For those without scripts; with them the preview follows by itself. */
function previewed(
  state: FormState,
  data: FormData,
  checked: ReturnType<typeof listingOf>,
): FormState {
  if (!checked.ok) return invalid(state, data, checked.fields)
  const shown = invalid(state, data, {}, 'The preview shows what you have written so far.')
  return { ...shown, tone: 'wait' }
}

function valuesIn(data: FormData): Record<string, string> {
  const values: Record<string, string> = {}
  for (const [name, value] of data.entries()) if (typeof value === 'string') values[name] = value
  return values
}

/** What the ticket's fields held when the form was shown. */
function seenIn(data: FormData): Record<string, string> {
  try {
    const seen: unknown = JSON.parse(text(data, 'seen'))
    return typeof seen === 'object' && seen !== null ? (seen as Record<string, string>) : {}
  } catch {
    return {}
  }
}
