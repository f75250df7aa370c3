import type { NextConfig } from 'next'

const config: NextConfig = {
  output: 'standalone',
  poweredByHeader: false,
  // What is sent is compressed once by what stands in front, which keeps pages and may keep them compressed.
  compress: false,
  reactStrictMode: true,
  // A page's title and description stand in its head, also for those who run no scripts.
  htmlLimitedBots: /.*/,
  // Browsers ask for it by themselves now and then.
  rewrites: async () => [{ source: '/favicon.ico', destination: '/icon.svg' }],
}

export default config
