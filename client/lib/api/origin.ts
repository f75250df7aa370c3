/** Which service answers for what stands behind `/api/`. */
const SERVICES: Record<string, string> = {
  users: 'auth',
  tickets: 'tickets',
  orders: 'orders',
  payments: 'payments',
}

/**
 * Where the API is for a path. Read at each call, since one build runs anywhere: `TICKETING_API` is one address for all
 * of it or, where each service has its own, a pattern such as `http://{service}:3000`. Of the path only the names above
 * get into an address, or visitors would choose whom we ask; any service says that it knows nothing of others.
 */
export function apiOrigin(path: string): string {
  const origin = process.env.TICKETING_API ?? 'http://127.0.0.1:3000'
  const named = /^\/api\/(\w+)/.exec(path)?.[1] ?? ''
  const service = Object.hasOwn(SERVICES, named) ? SERVICES[named] : undefined
  return origin.replace('{service}', service ?? 'tickets')
}
