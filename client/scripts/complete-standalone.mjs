// What `next build` leaves out of .next/standalone because a CDN might serve it; without one, the server does.
import { cp } from 'node:fs/promises'

const standalone = '.next/standalone'
await cp('.next/static', `${standalone}/.next/static`, { recursive: true })
await cp('public', `${standalone}/public`, { recursive: true })
