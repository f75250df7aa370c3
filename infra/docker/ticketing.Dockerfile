# Everything in one container, on one volume: docker build -f infra/docker/ticketing.Dockerfile -t ticketing/ticketing:0.1.0 .
#
# PROGRAMS and CLIENT say where program and pages come from: `compiled` in here, or `built` beforehand: programs in
# target/images, pages by `ticketing build-client`.
ARG PROGRAMS=compiled
ARG CLIENT=compiled-client

FROM rust:1.95-slim-bookworm AS compiled
WORKDIR /source
COPY . .
RUN cargo build --release --locked --package server --package healthcheck \
 && mkdir /programs \
 && strip --strip-debug -o /programs/ticketing target/release/ticketing \
 && strip --strip-debug -o /programs/healthcheck target/release/healthcheck

FROM scratch AS built
COPY target/images/ticketing target/images/healthcheck /programs/

FROM ${PROGRAMS} AS programs

FROM node:22-bookworm-slim AS compiled-client
WORKDIR /source
COPY client/package.json client/package-lock.json client/.npmrc ./
RUN npm ci --no-audit --no-fund --include=dev
COPY client/ ./
RUN npm run build && mkdir -p /pages/.next && mv .next/standalone /pages/.next/

FROM scratch AS built-client
COPY client/.next/standalone /pages/.next/standalone

FROM ${CLIENT} AS pages

FROM node:22-bookworm-slim
COPY --from=programs /programs/ /usr/local/bin/
COPY --from=pages /pages /app/client
# A volume that is new takes the owner of what it covers.
RUN mkdir /data && chown 65532:65532 /data
ENV TICKETING_LISTEN=0.0.0.0:3000 \
    TICKETING_DATA=/data \
    TICKETING_CLIENT=/app/client
USER 65532:65532
VOLUME /data
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=3 \
  CMD ["/usr/local/bin/healthcheck", "127.0.0.1:3000", "/api/health/ready"]
ENTRYPOINT ["/usr/local/bin/ticketing"]
