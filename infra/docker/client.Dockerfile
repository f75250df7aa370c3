# The web client: docker build -f infra/docker/client.Dockerfile -t ticketing/client:0.1.0 .
#
# CLIENT says where its pages come from: `compiled` in here, or `built` beforehand by `npm run build` in client/.
ARG CLIENT=compiled

FROM node:22-bookworm-slim AS compiled
WORKDIR /source
COPY client/package.json client/package-lock.json client/.npmrc ./
RUN npm ci --no-audit --no-fund --include=dev
COPY client/ ./
RUN npm run build && mv .next/standalone /pages

FROM scratch AS built
COPY client/.next/standalone /pages

FROM ${CLIENT} AS pages

FROM node:22-bookworm-slim
WORKDIR /app
COPY --from=pages /pages ./
ENV NODE_ENV=production \
    NEXT_TELEMETRY_DISABLED=1 \
    HOSTNAME=0.0.0.0 \
    PORT=3000
USER 65532:65532
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:3000/icon.svg').then((answer) => process.exit(answer.ok ? 0 : 1))"]
CMD ["node", "server.js"]
