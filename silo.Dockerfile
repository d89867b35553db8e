# syntax=docker/dockerfile:1
# One image for every role. Build from the root of the checkout:  docker build -f silo.Dockerfile -t ampx .
# A repository's toolchain comes on top of it, in an image of your own:  FROM ampx  (docs/DEPLOYMENT.md)

# The web board, which the .NET build takes as it finds it.
FROM node:24-bookworm-slim AS board
WORKDIR /board
COPY src/Ampx.Board/ ./
RUN npm ci --ignore-scripts --no-fund --no-audit && npm run build

FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
COPY global.json Directory.Build.props Directory.Packages.props BannedSymbols.txt .editorconfig appsettings.json ./
COPY src/ src/
COPY --from=board /board/dist src/Ampx.Board/dist
RUN dotnet publish src/Ampx.Cli -c Release -p:RestoreLockedMode=true -p:PublishReadyToRun=true -o /app

# Amp is one native program in an npm package. Taken from there it needs neither Node nor npm's leave to run install scripts.
FROM node:24-bookworm-slim AS amp
ARG AMP_VERSION=0.0.1790142911-g7618fb
RUN npm install --prefix /amp --ignore-scripts --no-fund --no-audit "@ampcode/cli@${AMP_VERSION}" \
    && install -m 0755 /amp/node_modules/@ampcode/cli-linux-*/amp /usr/local/bin/amp \
    && amp --version

# Ubuntu 24.04: gh and tini come from its universe.
FROM mcr.microsoft.com/dotnet/aspnet:10.0
RUN apt-get update \
    && apt-get install -y --no-install-recommends bubblewrap ca-certificates curl gh git jq openssh-client tini \
    && rm -rf /var/lib/apt/lists/*
COPY --from=amp /usr/local/bin/amp /usr/local/bin/amp
COPY --from=build /app /opt/ampx
RUN ln -s /opt/ampx/ampx /usr/local/bin/ampx \
    && groupadd --gid 10001 ampx \
    && useradd --uid 10001 --gid ampx --create-home ampx \
    && install -d -o ampx -g ampx -m 0700 /data
LABEL org.opencontainers.image.title="Ampx" \
      org.opencontainers.image.description="Hand a coding task to an agent, come back to a green pull request" \
      org.opencontainers.image.licenses="MIT"
USER ampx
ENV Ampx__DataDirectory=/data AMP_SKIP_UPDATE_CHECK=1
# All that is kept is in /data; beside it /tmp and the home folder are written, which need not last: the rest may be read-only.
VOLUME /data
# Alone it listens on the loopback address: --network host, or Ampx__Urls with Ampx__Auth__Mode=tokens as in deploy/compose.yaml.
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --start-interval=1s \
    CMD curl -fsS http://127.0.0.1:8080/health/ready || exit 1
# tini reaps what agents leave behind when their supervisors are gone.
ENTRYPOINT ["tini", "--", "/opt/ampx/ampx"]
CMD ["up"]
