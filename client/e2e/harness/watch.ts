import { expect, type Page } from '@playwright/test'

/** Hears what a page complains about: in the console, at the network, by what it throws. */
export class Watch {
  readonly complaints: string[] = []
  scripts = true
  private readonly expected: RegExp[] = []

  constructor(
    private readonly name: string,
    page: Page,
  ) {
    const complain = (what: string) =>
      this.complaints.push(`${new URL(page.url(), 'about:blank').pathname}: ${what}`)
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') {
        complain(`console ${message.type()}: ${message.text()} (${message.location().url})`)
      }
    })
    page.on('pageerror', (error) => complain(`thrown: ${error.stack ?? error}`))
    page.on('requestfailed', (request) => {
      const why = request.failure()?.errorText ?? ''
      // What is under way when one leaves a page is called off, event streams above all.
      if (why === 'net::ERR_ABORTED') return
      // Where scripts are switched off, none is loaded.
      if (!this.scripts && request.resourceType() === 'script') return
      complain(`request failed: ${request.method()} ${request.url()} ${why}`)
    })
    page.on('response', (response) => {
      if (response.status() < 400) return
      complain(`${response.status()} for ${response.request().method()} ${response.url()}`)
    })
    page.on('crash', () => complain('the page crashed'))
  }

  /** Complaints that belong to what the test does, such as being offline. */
  expect(...patterns: RegExp[]): void {
    this.expected.push(...patterns)
  }

  /** Nobody complained about anything that was not expected. */
  verify(): void {
    const left = this.complaints.filter((what) => !this.expected.some((known) => known.test(what)))
    expect(left, `what ${this.name}'s browser complained about`).toEqual([])
  }
}
