import { join } from 'node:path'
import { defineConfig, type PlaywrightTestOptions } from '@playwright/test'
import { chromium, chromiumFlags, leftovers } from './harness/places.ts'

const desktop: Partial<PlaywrightTestOptions> = {
  viewport: { width: 1280, height: 900 },
  colorScheme: 'light',
}
const phone: Partial<PlaywrightTestOptions> = {
  viewport: { width: 360, height: 780 },
  isMobile: true,
  hasTouch: true,
  colorScheme: 'dark',
}

export default defineConfig({
  outputDir: join(leftovers, 'results'),
  reporter: [['./harness/reporter.ts']],
  workers: 2,
  fullyParallel: true,
  forbidOnly: true,
  // What passes only now and then is a defect, of the product or of the test.
  retries: 0,
  timeout: 120_000,
  expect: { timeout: 20_000, toPass: { timeout: 20_000 } },
  use: {
    launchOptions: { executablePath: chromium(), args: chromiumFlags },
    locale: 'en-US',
    timezoneId: 'Europe/Berlin',
    contextOptions: { reducedMotion: 'reduce' },
    navigationTimeout: 60_000,
    actionTimeout: 20_000,
    screenshot: 'only-on-failure',
  },
  projects: [
    { name: 'desktop', testDir: 'flows', use: desktop },
    { name: 'phone', testDir: 'flows', use: phone },
    { name: 'plain', testDir: 'plain', use: { ...phone, javaScriptEnabled: false } },
    { name: 'states', testDir: 'states', use: desktop },
    { name: 'lighthouse', testDir: 'lighthouse' },
    { name: 'screenshots', testDir: 'screenshots' },
  ],
})
