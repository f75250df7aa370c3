import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

describe('who moves the money', () => {
  const ask = vi.fn<typeof fetch>()
  let paymentProvider: () => Promise<unknown>

  beforeEach(async () => {
    vi.useFakeTimers()
    vi.stubGlobal('fetch', ask)
    vi.resetModules()
    paymentProvider = (await import('@/lib/payment-provider')).paymentProvider
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
    ask.mockReset()
  })

  it('is asked once in a while', async () => {
    ask.mockImplementation(async () => Response.json({ name: 'sandbox' }))
    expect(await paymentProvider()).toEqual({ name: 'sandbox' })
    expect(await paymentProvider()).toEqual({ name: 'sandbox' })
    expect(ask).toHaveBeenCalledTimes(1)
    ask.mockImplementation(async () => Response.json({ name: 'stripe' }))
    vi.advanceTimersByTime(60_000)
    expect(await paymentProvider()).toEqual({ name: 'stripe' })
  })

  it('is what was said last while nothing is said, and unknown before', async () => {
    ask.mockRejectedValue(new TypeError('nobody there'))
    expect(await paymentProvider()).toBeUndefined()
    ask.mockImplementation(async () => Response.json({ name: 'stripe' }))
    expect(await paymentProvider()).toEqual({ name: 'stripe' })
    vi.advanceTimersByTime(60_000)
    ask.mockImplementation(async () => new Response('', { status: 503 }))
    expect(await paymentProvider()).toEqual({ name: 'stripe' })
  })
})
