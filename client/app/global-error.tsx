'use client'

import './globals.css'

/** What is shown where even the frame of the page broke. */
export default function GlobalError() {
  return (
    <html lang="en">
      <body>
        <main>
          <title>That did not work · Ticketing</title>
          <h1>That did not work</h1>
          <p>Something on our side broke. Nothing you did is lost.</p>
          <p>
            <a href="/">Start again from the front page</a>
          </p>
        </main>
      </body>
    </html>
  )
}
