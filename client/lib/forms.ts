import { mayRepeat, type Problem } from './api/errors'

/** What a form knows of its last attempt. Actions return it, `components/form` shows it. */
export type FormState = {
  /** Goes up with each answer, so that the same message twice is said twice. */
  attempt: number
  /** What happened, above the fields. */
  message?: string
  tone?: 'bad' | 'good' | 'wait'
  /** What is wrong with which field. */
  fields: Record<string, string>
  /** What was typed, passwords excepted. */
  values: Record<string, string>
  /** Names the next attempt: the same as before where the last one's outcome is unknown. */
  key: string
}

export type FormAction = (state: FormState, data: FormData) => Promise<FormState>

/** The name of the hidden field with the idempotency key. */
export const KEY_FIELD = 'attemptKey'

const secret = /password|token/i

/** A fresh idempotency key. `crypto.randomUUID` is not there on plain-http addresses in browsers. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

export function firstState(key: string, values: Record<string, string> = {}): FormState {
  return { attempt: 0, fields: {}, values, key }
}

/** The state after an attempt that came to nothing. */
export function failed(state: FormState, data: FormData, problem: Problem): FormState {
  return {
    attempt: state.attempt + 1,
    message: problem.message,
    tone: mayRepeat(problem) ? 'wait' : 'bad',
    fields: problem.fields,
    values: typed(data),
    key: mayRepeat(problem) ? keyOf(data) : newKey(),
  }
}

/** The state after an attempt that never left: something is missing or malformed. */
export function invalid(
  state: FormState,
  data: FormData,
  fields: Record<string, string>,
  message = 'Please look at the marked fields.',
): FormState {
  return {
    attempt: state.attempt + 1,
    message,
    tone: 'bad',
    fields,
    values: typed(data),
    key: keyOf(data),
  }
}

/** The state after an attempt that worked, of a form that stays where it is. */
export function succeeded(state: FormState, message: string): FormState {
  return {
    attempt: state.attempt + 1,
    message,
    tone: 'good',
    fields: {},
    values: {},
    key: newKey(),
  }
}

/** A field's text, trimmed; passwords are never trimmed, take them from `data` itself. */
export function text(data: FormData, name: string): string {
  const value = data.get(name)
  return typeof value === 'string' ? value.trim() : ''
}

export function keyOf(data: FormData): string {
  const key = text(data, KEY_FIELD)
  return key === '' || key.length > 255 ? newKey() : key
}

function typed(data: FormData): Record<string, string> {
  const values: Record<string, string> = {}
  for (const [name, value] of data.entries()) {
    if (typeof value === 'string' && !name.startsWith('$') && !secret.test(name))
      values[name] = value
  }
  return values
}
