import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import type {
  FullConfig,
  FullResult,
  Reporter,
  Suite,
  TestCase,
  TestError,
  TestResult,
} from '@playwright/test/reporter'
import { root } from './places.ts'

/** A line for each test; what a failed one saw, and how to run it again; and the line that is counted. */
export default class Lines implements Reporter {
  private folder = ''
  private tests = 0
  private readonly counted = { passed: 0, failed: 0, skipped: 0 }
  private broken = false

  onBegin(config: FullConfig, suite: Suite): void {
    this.folder = config.configFile ? new URL('.', `file://${config.configFile}`).pathname : ''
    this.tests = suite.allTests().length
  }

  onTestEnd(test: TestCase, result: TestResult): void {
    const kind =
      result.status === 'skipped' ? 'skipped' : test.ok() ? 'passed' : ('failed' as const)
    this.counted[kind] += 1
    const project = test.parent.project()?.name ?? ''
    const file = relative(this.folder, test.location.file)
    const seconds = (result.duration / 1000).toFixed(1).padStart(6)
    const word = { passed: 'PASS', failed: 'FAIL', skipped: 'SKIP' }[kind]
    say(`        ${word} [${seconds}s] ${project} ${file} › ${test.title}`)
    for (const { type, description } of result.annotations) say(indented(`${type}: ${description}`))
    if (kind !== 'failed') return
    for (const error of result.errors) say(indented(textOf(error)))
    for (const { name, path, contentType } of result.attachments) {
      if (!path) continue
      say(indented(`${name}: ${relative(root, path)}`))
      if (contentType === 'text/plain') say(indented(readFileSync(path, 'utf8').slice(0, 4_000)))
    }
    const again = `npx playwright test --project ${project} ${file}:${test.location.line}`
    say(indented(`again: (cd client/e2e && ${again}); add --trace on to see each step\n`))
  }

  onError(error: TestError): void {
    this.broken = true
    say(textOf(error))
  }

  onEnd(result: FullResult): void {
    const { passed, failed, skipped } = this.counted
    const unrun = this.tests - passed - failed - skipped
    // What a worker could not end properly belongs to no test, and is one failure.
    const failures = failed + unrun + (this.broken ? 1 : 0)
    const seconds = (result.duration / 1000).toFixed(1)
    const summary = `${passed} passed, ${failures} failed, ${skipped} skipped`
    say(`     Summary [${seconds}s] ${passed + failures} tests run: ${summary}`)
  }

  printsToStdio(): boolean {
    return true
  }
}

function textOf(error: TestError): string {
  const text = error.message ?? error.value ?? 'an error without a message'
  const where = error.location
    ? `\nat ${relative(root, error.location.file)}:${error.location.line}`
    : ''
  return stripVTControlCharacters(text + where)
}

function indented(text: string): string {
  return text.replace(/^/gm, '             ')
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
