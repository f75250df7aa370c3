import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'

test('the types of the API are those of its description', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ticketing-schema-'))
  try {
    const fresh = join(folder, 'schema.d.ts')
    execFileSync('node_modules/.bin/openapi-typescript', [
      '../docs/openapi.json',
      '--output',
      fresh,
    ])
    const stale = readFileSync('lib/api/schema.d.ts', 'utf8') !== readFileSync(fresh, 'utf8')
    expect(stale, 'docs/openapi.json has changed: run `npm run api` in client/').toBe(false)
  } finally {
    rmSync(folder, { recursive: true })
  }
}, 30_000)
