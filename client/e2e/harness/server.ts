import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { folder, root, ticketing } from './places.ts'

/** How long a start may take where its client is built first, on a loaded machine. */
const START_MS = 10 * 60_000
/** How long an end may take, which finishes what is under way. */
const END_MS = 30_000
/** Between two looks whether the client is there. */
const LOOK_MS = 100

export type Server = {
  /** `http://127.0.0.1:41234` */
  url: string
  /** Ends it, and has its data verified. */
  end: () => Promise<void>
}

/** The real program on a data folder of its own, with the client of this repository. */
export async function startServer({
  orderWindow = '15m',
  demo = false,
  stripe,
  element = false,
}: {
  orderWindow?: string
  /** Filled with what `ticketing demo` makes. */
  demo?: boolean
  /** Where the Stripe is that moves the money; without it the sandbox does. */
  stripe?: string
  /** Whether cards are asked for in the order's page. */
  element?: boolean
} = {}): Promise<Server> {
  const home = mkdtempSync(join(folder('servers'), 'server-'))
  const [data, log] = [join(home, 'data'), join(home, 'log')]
  const program = ticketing()
  const file = openSync(log, 'w')
  const child = spawn(
    program,
    [
      ...['serve', '--listen', '127.0.0.1:0', '--data', data],
      ...['--client', join(root, 'client'), '--order-window', orderWindow],
      // Cheap passwords and open doors: everybody here comes from one address.
      ...['--password-memory-kib', '8', '--signups-per-minute', '1000000'],
      ...['--log-level', 'warn'],
    ],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', file],
      env: { ...environment(), ...(stripe ? account(stripe, element) : {}) },
    },
  )
  closeSync(file)
  const orphaned = () => child.kill('SIGTERM')
  process.once('exit', orphaned)
  const deadline = Date.now() + START_MS
  try {
    const url = await addressOf(child, deadline)
    await clientAt(url, child, deadline)
    if (demo) must(program, ['demo', '--url', url])
    return {
      url,
      end: async () => {
        await ended(child)
        process.off('exit', orphaned)
        must(program, ['check', '--data', data])
        rmSync(home, { recursive: true })
      },
    }
  } catch (error) {
    await ended(child)
    process.off('exit', orphaned)
    throw new Error(`${error}\nThe server's log (${log}):\n${readFileSync(log, 'utf8')}`)
  }
}

function account(stripe: string, element: boolean): NodeJS.ProcessEnv {
  return {
    ...(element ? { TICKETING_STRIPE_PUBLISHABLE_KEY: 'pk_test_e2e' } : {}),
    TICKETING_STRIPE_SECRET_KEY: 'sk_test_e2e',
    TICKETING_STRIPE_WEBHOOK_SECRET: 'whsec_e2e',
    TICKETING_STRIPE_API: stripe,
  }
}

/** The settings of whoever runs the tests are not those of the server. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('TICKETING_') || name === 'TICKETING_NODE',
  )
  return Object.fromEntries(kept)
}

async function addressOf(child: ChildProcess, deadline: number): Promise<string> {
  if (!child.stdout) throw new Error('the program has no output')
  const lines = createInterface({ input: child.stdout })
  const timer = setTimeout(() => lines.close(), deadline - Date.now())
  try {
    for await (const line of lines) {
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0]
      if (url) return url
    }
  } finally {
    clearTimeout(timer)
    // Read on to the end, or it would write into a closed pipe.
    child.stdout.resume()
  }
  throw new Error('the program said no address')
}

/** Returns once the front page is the client's, and no longer the one that says it is being built. */
async function clientAt(url: string, child: ChildProcess, deadline: number): Promise<void> {
  let seen = 'nothing'
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the program ended with ${child.exitCode}`)
    try {
      const answer = await fetch(url, { headers: { accept: 'text/html' } })
      const page = await answer.text()
      if (answer.ok && page.includes('<main id="main"')) return
      seen = `${answer.status} ${page.slice(0, 2_000)}`
    } catch (error) {
      seen = String(error)
    }
    await pause(LOOK_MS)
  }
  throw new Error(`no client at ${url} in time; last seen: ${seen}`)
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), END_MS)
  await gone
  clearTimeout(timer)
}

function must(program: string, args: string[]): void {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: root, encoding: 'utf8' })
  if (status !== 0) throw new Error(`ticketing ${args.join(' ')}: ${status}\n${stdout}${stderr}`)
}
