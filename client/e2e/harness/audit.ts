import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { expect, type Page } from '@playwright/test'
import type axe from 'axe-core'
import type { Person } from './person.ts'

const axeSource = readFileSync(
  createRequire(import.meta.url).resolve('axe-core/axe.min.js'),
  'utf8',
)

/** All of WCAG 2.2 at the levels A and AA, and what axe thinks best besides. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

const SIZES = { desktop: { width: 1280, height: 900 }, phone: { width: 360, height: 780 } }

/** The narrowest phone there is. */
const NARROW = { width: 320, height: 640 }

/**
 * What holds for every page in every state: nothing moves by itself, nothing to scroll sideways for, and nothing that axe finds, on a phone and at a desk, in the light and in the dark.
 *
 * `direct`: the page was opened like this, and not brought here by what one did on it.
 */
export async function audit(person: Person, { direct = true }: { direct?: boolean } = {}) {
  const { page } = person
  await settled(page)
  if (direct) expect.soft(await shifts(page), 'what moved by itself').toEqual([])
  await page.setViewportSize(NARROW)
  expect.soft(await sideways(page), 'what is wider than 320 px').toEqual([])
  for (const [name, size] of Object.entries(SIZES)) {
    await page.setViewportSize(size)
    expect.soft(await sideways(page), `what is wider than a ${name}`).toEqual([])
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      expect.soft(await violations(page), `axe: ${name}, ${colorScheme}`).toEqual([])
    }
  }
}

/** Everything is loaded and drawn. */
export async function settled(page: Page): Promise<void> {
  await page.waitForLoadState('load')
  await page.evaluate(async () => {
    await document.fonts.ready
    const frame = () => new Promise(requestAnimationFrame)
    await frame()
    await frame()
  })
}

function shifts(page: Page): Promise<{ value: number; what: string[] }[]> {
  return page.evaluate(() => (globalThis as unknown as { shifts: [] }).shifts)
}

/** Compressed, as they come over the wire. */
export function scriptBytes(page: Page): Promise<number> {
  return page.evaluate(() =>
    (performance.getEntriesByType('resource') as PerformanceResourceTiming[])
      .filter(({ name }) => new URL(name).pathname.endsWith('.js'))
      .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
  )
}

/** What makes the page wider than the window. */
function sideways(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const wide = document.documentElement.clientWidth
    if (document.documentElement.scrollWidth <= wide) return []
    const found = [...document.body.querySelectorAll('*')].filter(
      (element) => element.getBoundingClientRect().right > wide + 0.5,
    )
    return ['the page', ...found.slice(0, 5).map((element) => element.outerHTML.slice(0, 150))]
  })
}

async function violations(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axeSource)
  const found = await page.evaluate(
    (tags) =>
      (globalThis as unknown as { axe: typeof axe }).axe.run(document, {
        runOnly: { type: 'tag', values: tags },
        resultTypes: ['violations'],
        // Those of other sites are theirs, and do not talk to it.
        iframes: false,
      }),
    RULES,
  )
  return found.violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help}: ${node.html.slice(0, 200)} ${node.failureSummary ?? ''}`),
  )
}
