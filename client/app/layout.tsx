import type { Metadata, Viewport } from 'next'
import type { ReactNode } from 'react'
import { Footer } from '@/components/frame/footer'
import { Header } from '@/components/frame/header'
import { Offline } from '@/components/frame/offline'
import { siteOrigin } from '@/lib/site'
import { display, text } from './fonts'
import './globals.css'

export async function generateMetadata(): Promise<Metadata> {
  return {
    metadataBase: await siteOrigin(),
    title: { default: 'Ticketing: tickets from people to people', template: '%s · Ticketing' },
    description:
      'Find a ticket and have it held for you while you pay, or sell one of yours in a minute.',
    applicationName: 'Ticketing',
    openGraph: { siteName: 'Ticketing', type: 'website' },
    formatDetection: { telephone: false, email: false, address: false },
  }
}

export const viewport: Viewport = {
  themeColor: [
    { media: '(prefers-color-scheme: light)', color: '#fdf7f3' },
    { media: '(prefers-color-scheme: dark)', color: '#190e15' },
  ],
}

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en" className={`${display.variable} ${text.variable}`}>
      <body>
        <Header />
        <main id="main" tabIndex={-1}>
          {children}
        </main>
        <Footer />
        <Offline />
      </body>
    </html>
  )
}
