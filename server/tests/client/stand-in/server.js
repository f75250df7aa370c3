// Stands in for the client's server in tests: answers as Next.js does as far as what stands in front can tell, counts
// the pages that it makes, and does what goes wrong when it is asked to.
'use strict'
const { createServer } = require('node:http')
const { randomBytes } = require('node:crypto')

const { PORT, HOSTNAME, TICKETING_API, TICKETING_CLIENT_KEY } = process.env
const made = {}

createServer(async (request, response) => {
  const url = new URL(request.url, 'http://stand-in')
  const slow = Number(url.searchParams.get('slow') ?? 0)
  if (slow > 0) await new Promise((done) => setTimeout(done, slow))
  const handler = pages[url.pathname]
  if (handler) return handler(request, response, url)
  response.writeHead(404, { 'content-type': 'text/html' }).end('<p>There is no such page.</p>')
}).listen(Number(PORT), HOSTNAME)

const pages = {
  '/': (request, response, url) => page(request, response, url, { 'x-ticketing-keep': 'browse' }),
  '/signin': (request, response, url) => page(request, response, url, {}),
  '/cookie': (request, response, url) =>
    page(request, response, url, { 'x-ticketing-keep': 'browse', 'set-cookie': 'a=b' }),
  '/made': (_request, response) => json(response, made),
  '/pid': (_request, response) => json(response, process.pid),
  '/crash': () => process.exit(1),
  '/big': (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/octet-stream' })
    for (let piece = 0; piece < 128; piece += 1) response.write(Buffer.alloc(65_536, piece))
    response.end()
  },
  '/echo': async (request, response) => {
    let body = ''
    for await (const piece of request) body += piece
    const known = request.headers['x-ticketing-client'] !== undefined
    response.setHeader('content-type', 'application/json')
    response.setHeader('connection', 'x-inner')
    response.setHeader('x-inner', '1')
    response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, known, body }))
  },
  // Signs somebody up in the name of whoever asks, as the client does.
  '/signup': async (request, response, url) => {
    const answer = await fetch(`${TICKETING_API}/api/users/signup`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-ticketing-client': TICKETING_CLIENT_KEY,
        'x-forwarded-for': request.headers['x-forwarded-for'].split(',')[0],
      },
      body: JSON.stringify({ email: url.searchParams.get('email'), password: 'correct horse battery' }),
    })
    json(response, answer.status)
  },
}

async function page(request, response, url, headers) {
  made[url.pathname] = (made[url.pathname] ?? 0) + 1
  const answer = await fetch(`${TICKETING_API}/api/tickets`)
  const tickets = await answer.json()
  const nonce = randomBytes(16).toString('base64')
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'; style-src 'self'`,
    vary: 'rsc, next-router-state-tree',
    'x-powered-by': 'Next.js',
    ...headers,
  })
  const language = request.headers['accept-language'] ?? 'none'
  response.write(`<!doctype html><title>Tickets</title><script nonce="${nonce}">go()</script>`)
  response.write(`<p>made: ${made[url.pathname]}; tickets: ${tickets.length}; language: ${language}</p>`)
  response.end('<p>Front row, Night of the Lights.</p>'.repeat(200))
}

function json(response, value) {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}
