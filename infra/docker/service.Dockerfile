# One of the four services: docker build -f infra/docker/service.Dockerfile --build-arg SERVICE=orders -t ticketing/orders:0.1.0 .
#
# PROGRAMS says where the programs come from: `compiled` in here, which takes minutes for each service, or `built` beforehand, put into
# target/images, on Debian 12 or what is as old, which takes seconds.
ARG PROGRAMS=compiled

FROM rust:1.95-slim-bookworm AS compiled
ARG SERVICE
WORKDIR /source
COPY . .
RUN cargo build --release --locked --package "$SERVICE" --features "$SERVICE/fleet" --package healthcheck \
 && mkdir /programs \
 && strip --strip-debug -o "/programs/$SERVICE" "target/release/$SERVICE" \
 && strip --strip-debug -o /programs/healthcheck target/release/healthcheck

FROM scratch AS built
ARG SERVICE
COPY target/images/${SERVICE} target/images/healthcheck /programs/

FROM ${PROGRAMS} AS programs

# A C library, certificates, and nothing to take over: no shell, no package manager. Its user is 65532.
FROM gcr.io/distroless/cc-debian12:nonroot
ARG SERVICE
COPY --from=programs /programs/healthcheck /usr/local/bin/healthcheck
COPY --from=programs /programs/${SERVICE} /usr/local/bin/service
# The allocator keeps what is freed for a second, in milliseconds: by default it gives it back and fetches it anew a hundred times a second.
ENV TICKETING_LISTEN=0.0.0.0:3000 \
    TICKETING_LOG_FORMAT=json \
    MIMALLOC_PURGE_DELAY=1000
USER 65532:65532
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=3 \
  CMD ["/usr/local/bin/healthcheck", "127.0.0.1:3000", "/api/health/ready"]
ENTRYPOINT ["/usr/local/bin/service"]
