import { existsSync, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../../', import.meta.url))

const target = resolve(root, process.env.CARGO_TARGET_DIR ?? 'target')

/** What failed tests leave behind, and servers' logs and data: never committed. */
export const leftovers = join(target, 'e2e')

/** The program that people run. */
export function ticketing(): string {
  const named = process.env.TICKETING_BIN
  const path = named ? resolve(root, named) : join(target, 'release', 'ticketing')
  if (!existsSync(path)) {
    throw new Error(
      `${path} is not there: build it with \`cargo build --release\`, or name another with TICKETING_BIN`,
    )
  }
  return path
}

/** The browser of the system; none is ever downloaded. */
export function chromium(): string {
  const named = process.env.CHROMIUM
  const usual = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
  const path = named ?? usual.find((path) => existsSync(path))
  if (!path) {
    throw new Error(
      'Chromium is not installed: on Debian `apt-get install chromium`; elsewhere name it with CHROMIUM',
    )
  }
  return path
}

export const chromiumFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A fresh folder below the leftovers. */
export function folder(name: string): string {
  const path = join(leftovers, name)
  mkdirSync(path, { recursive: true })
  return path
}
