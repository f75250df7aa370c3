'use server'

import { redirect } from 'next/navigation'
import { mayRepeat, users } from '../api'
import { type FormState, failed, invalid, keyOf, text } from '../forms'
import { safeNext } from '../paths'
import { passOnCookies } from '../session'

export async function signIn(state: FormState, data: FormData): Promise<FormState> {
  const credentials = credentialsOf(data)
  const fields = missing(credentials)
  if (fields) return invalid(state, data, fields)
  const answer = await users.signIn(credentials)
  if (!answer.ok) {
    const { problem } = answer
    const wrong = problem.kind === 'refused' && Object.keys(problem.fields).length === 0
    const message = wrong ? 'That e-mail address and password do not go together.' : problem.message
    return failed(state, data, { ...problem, message })
  }
  await passOnCookies(answer.setCookies)
  redirect(safeNext(text(data, 'next')))
}

export async function signUp(state: FormState, data: FormData): Promise<FormState> {
  const credentials = credentialsOf(data)
  const fields = missing(credentials)
  if (fields) return invalid(state, data, fields)
  const answer = await users.signUp(credentials, keyOf(data))
  if (!answer.ok) return failed(state, data, answer.problem)
  await passOnCookies(answer.setCookies)
  redirect(safeNext(text(data, 'next')))
}

export async function signOut(): Promise<void> {
  const answer = await users.signOut()
  // A session that could not be ended is still there: say so rather than pretend.
  if (!answer.ok && mayRepeat(answer.problem)) redirect('/signin?trouble=signout')
  if (answer.ok) await passOnCookies(answer.setCookies)
  redirect('/')
}

function credentialsOf(data: FormData) {
  const password = data.get('password')
  return { email: text(data, 'email'), password: typeof password === 'string' ? password : '' }
}

function missing(credentials: { email: string; password: string }) {
  const fields: Record<string, string> = {}
  if (credentials.email === '') fields.email = 'Please enter your e-mail address.'
  if (credentials.password === '') fields.password = 'Please enter a password.'
  return Object.keys(fields).length > 0 ? fields : undefined
}
