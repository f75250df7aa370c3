import { describe, expect, test } from 'vitest'
import { problemOf } from '@/lib/api/errors'
import { failed, firstState, invalid, KEY_FIELD, newKey, succeeded } from '@/lib/forms'

function typed(values: Record<string, string>): FormData {
  const data = new FormData()
  for (const [name, value] of Object.entries(values)) data.set(name, value)
  return data
}

function problem(status: number, body: unknown = undefined) {
  return problemOf(new Response(null, { status, headers: { 'retry-after': '3' } }), body)
}

const data = typed({ email: 'a@b.c', password: 'secret!!', [KEY_FIELD]: 'k1', $ACTION_ID: 'x' })

describe('after an attempt that came to nothing', () => {
  test("what was typed is kept, passwords and the framework's own fields excepted", () => {
    const state = failed(firstState('k1'), data, problem(400))
    expect(state.values).toEqual({ email: 'a@b.c', [KEY_FIELD]: 'k1' })
  })

  test("the next one is another, since this one's answer is known", () => {
    expect(failed(firstState('k1'), data, problem(400)).key).not.toBe('k1')
    expect(failed(firstState('k1'), data, problem(409)).key).not.toBe('k1')
  })

  test('the next one is the same, where nobody knows what became of it', () => {
    expect(failed(firstState('k1'), data, problem(503)).key).toBe('k1')
    expect(invalid(firstState('k1'), data, { email: 'no' }).key).toBe('k1')
  })

  test('the same message twice is two messages', () => {
    const once = failed(firstState('k1'), data, problem(400))
    expect(failed(once, data, problem(400)).attempt).toBe(once.attempt + 1)
    expect(succeeded(once, 'Saved.').values).toEqual({})
  })
})

describe('what the API says', () => {
  test('goes to the fields at fault, and above them what is at no field', () => {
    const both = problem(400, {
      errors: [{ message: 'Must be above 0', field: 'price' }, { message: 'It is reserved' }],
    })
    expect(both).toMatchObject({
      kind: 'refused',
      message: 'It is reserved.',
      fields: { price: 'Must be above 0.' },
    })
  })

  test('is never nothing', () => {
    for (const status of [400, 401, 403, 404, 409, 412, 413, 422, 429, 500, 502, 503]) {
      expect(problem(status, 'no JSON of ours').message).not.toBe('')
    }
    expect(problem(429).retryAfter).toBe(3)
  })
})

test('keys are not the same twice', () => {
  expect(newKey()).toMatch(/^[0-9a-f]{32}$/)
  expect(newKey()).not.toBe(newKey())
})
