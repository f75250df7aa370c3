import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { apiOrigin } from '@/lib/api/origin'

describe('where the API is', () => {
  const before = process.env.TICKETING_API
  beforeEach(() => {
    process.env.TICKETING_API = 'http://{service}:3000'
  })
  afterEach(() => {
    if (before === undefined) delete process.env.TICKETING_API
    else process.env.TICKETING_API = before
  })

  it('is one address unless each service has its own', () => {
    expect(apiOrigin('/api/orders')).toBe('http://orders:3000')
    expect(apiOrigin('/api/users/{id}')).toBe('http://auth:3000')
    process.env.TICKETING_API = 'http://api:8080'
    expect(apiOrigin('/api/orders')).toBe('http://api:8080')
  })

  it('is never what a visitor writes', () => {
    for (const path of [
      '/api/nats/x',
      '/api/constructor',
      '/api/',
      '/api/users.evil.example:80/',
    ]) {
      expect(['http://tickets:3000', 'http://auth:3000']).toContain(apiOrigin(path))
    }
  })
})
