// Stands in for `next build` in tests.
'use strict'
const { appendFileSync, copyFileSync, existsSync, mkdirSync, writeFileSync } = require('node:fs')

// No source: what is written there does not call for another build.
mkdirSync('test', { recursive: true })
appendFileSync('test/builds.log', 'x')
if (existsSync('broken')) {
  console.error('app/page.tsx: a planted mistake')
  process.exit(1)
}
mkdirSync('.next/standalone', { recursive: true })
mkdirSync('.next/static', { recursive: true })
copyFileSync('server.js', '.next/standalone/server.js')
writeFileSync('.next/static/app-1234.js', "console.log('Front row');\n".repeat(200))
