'use server'

import { refresh } from 'next/cache'
import { cookies } from 'next/headers'
import { redirect } from 'next/navigation'
import { users } from '../api'
import { type FormState, failed, invalid, keyOf, succeeded } from '../forms'
import { signInFor } from '../paths'
import { passOnCookies } from '../session'

export async function changePassword(state: FormState, data: FormData): Promise<FormState> {
  const currentPassword = secret(data, 'currentPassword')
  const newPassword = secret(data, 'newPassword')
  const fields: Record<string, string> = {}
  if (currentPassword === '') fields.currentPassword = 'Please enter your password of now.'
  const length = [...newPassword].length
  if (length < 8 || length > 128) {
    fields.newPassword = 'It must have 8 to 128 characters, of any kind.'
  } else if (newPassword !== secret(data, 'newPasswordAgain')) {
    fields.newPasswordAgain = 'This is not the same as above.'
  }
  if (Object.keys(fields).length > 0) return invalid(state, data, fields)
  const answer = await users.changePassword({ currentPassword, newPassword }, keyOf(data))
  if (!answer.ok) {
    if (answer.problem.kind === 'signed-out') redirect(signInFor('/account'))
    return failed(state, data, answer.problem)
  }
  await passOnCookies(answer.setCookies)
  refresh()
  return succeeded(state, 'Your password is changed, and every other device is signed out.')
}

export async function signOutEverywhere(state: FormState, data: FormData): Promise<FormState> {
  const answer = await users.signOutEverywhere()
  if (!answer.ok && answer.problem.kind !== 'signed-out') return failed(state, data, answer.problem)
  if (answer.ok) await passOnCookies(answer.setCookies)
  redirect('/account/goodbye?after=everywhere')
}

export async function deleteAccount(state: FormState, data: FormData): Promise<FormState> {
  const password = secret(data, 'password')
  if (password === '') return invalid(state, data, { password: 'Please enter your password.' })
  const answer = await users.deleteAccount({ password }, keyOf(data))
  if (!answer.ok) {
    if (answer.problem.kind === 'signed-out') redirect(signInFor('/account/delete'))
    return failed(state, data, answer.problem)
  }
  await passOnCookies(answer.setCookies)
  // Whatever the answer said of the cookie: it is of no use any more.
  const jar = await cookies()
  jar.delete('session')
  redirect('/account/goodbye?after=deletion')
}

/** Passwords are taken as they are. */
function secret(data: FormData, name: string): string {
  const value = data.get(name)
  return typeof value === 'string' ? value : ''
}
