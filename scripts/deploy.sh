#!/usr/bin/env bash
# Installs Ampx from this checkout, or brings it up to date:
#   scripts/deploy.sh systemd       a service of this machine (the default); needs root or sudo
#   scripts/deploy.sh compose       PostgreSQL, two silos and a gateway under this machine's Docker
#   scripts/deploy.sh kubernetes    deploy/kubernetes into the cluster that kubectl talks to; the image must be in a registry of its
# --dry-run prints the commands instead of running them. Safe to repeat: secrets that are there are kept. What it does by hand: docs/DEPLOYMENT.md
set -euo pipefail
. "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/env.sh"
cd "$root"

usage() { sed -n '2,6s/^# //p' "$0"; exit "${1:-2}"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }
dry=""
kind=""
for argument; do
  case $argument in
    systemd | compose | kubernetes) kind=$argument ;;
    --dry-run) dry=1 ;;
    -h | --help) usage 0 ;;
    *) usage >&2 ;;
  esac
done

run() { if [ -n "$dry" ]; then printf '%q ' "$@"; echo; else "$@"; fi; }
as_root() { if [ "$(id -u)" = 0 ]; then run "$@"; else run sudo "$@"; fi; }
needs() { command -v "$1" >/dev/null 2>&1 || [ -n "$dry" ] || fail "$1 is missing: $2"; }
random() { od -An -v -tx1 -N 24 /dev/urandom | tr -d ' \n'; }

# Ready: a task can be taken.
await() {
  [ -z "$dry" ] || { echo "# until $1/health/ready answers 200"; return; }
  for _ in $(seq 60); do
    if curl -fsS --max-time 2 "$1/health/ready" >/dev/null 2>&1; then return; fi
    sleep 1
  done
  fail "$1 isn't ready after a minute. $2"
}

# A file of deploy/secrets, which git ignores; made only where there is none.
secret() {
  local file=deploy/secrets/$1
  [ ! -e "$file" ] || return 0
  if [ -n "$dry" ]; then echo "# makes $file"; return; fi
  # The containers' user reads it, and nobody else's folder lets anybody by.
  printf '%s' "$2" >"$file"
  chmod 0444 "$file"
}

make_secrets() {
  run mkdir -p -m 0700 deploy/secrets
  local password; password=$(if [ -e deploy/secrets/postgres-password ]; then cat deploy/secrets/postgres-password; else random; fi)
  secret postgres-password "$password"
  secret pgpass "postgres:5432:ampx:ampx:$password"
  secret bootstrap-token "$(random)"
  secret app.pem ""
}

deploy_systemd() {
  [ -d /run/systemd/system ] || [ -n "$dry" ] || fail "this machine doesn't run systemd: scripts/ampx up runs Ampx without it"
  [ -n "$dry" ] || { scripts/setup.sh; . scripts/env.sh; }
  local built; built=$(mktemp -d)
  run dotnet publish src/Ampx.Cli -c Release -p:PublishReadyToRun=true -o "$built" -v q -nologo
  as_root rm -rf /opt/ampx.new /opt/ampx.old
  as_root cp -r "$built" /opt/ampx.new
  as_root chmod -R a+rX /opt/ampx.new
  # The service that runs keeps the files that it has open.
  [ ! -d /opt/ampx ] || as_root mv /opt/ampx /opt/ampx.old
  as_root mv /opt/ampx.new /opt/ampx
  as_root rm -rf /opt/ampx.old "$built"
  as_root ln -sfn /opt/ampx/ampx /usr/local/bin/ampx
  id ampx >/dev/null 2>&1 || as_root useradd --system --create-home ampx
  as_root install -d -m 0700 /etc/ampx
  [ -e /etc/ampx/env ] || as_root install -m 0600 /dev/null /etc/ampx/env
  as_root install -m 0644 deploy/ampx.service /etc/systemd/system/ampx.service
  as_root systemctl daemon-reload
  as_root systemctl enable ampx
  # Agents under way stay under their supervisors, and are adopted.
  as_root systemctl restart ampx
  await http://127.0.0.1:8080 "See: journalctl -u ampx"
  echo "Ampx runs at http://127.0.0.1:8080. Put AMP_API_KEY=… and GITHUB_TOKEN=… into /etc/ampx/env, then: systemctl restart ampx"
  echo "Try it:  sudo -u ampx env Ampx__DataDirectory=/var/lib/ampx ampx doctor"
}

deploy_compose() {
  needs docker "https://docs.docker.com/engine/install/"
  make_secrets
  run docker compose -f deploy/compose.yaml up --detach --build
  local url=http://127.0.0.1:${AMPX_PORT:-8080}
  await "$url" "See: docker compose -f deploy/compose.yaml logs"
  echo "Ampx runs at $url. Sign in:  ampx login $url    (the token is in deploy/secrets/bootstrap-token)"
}

deploy_kubernetes() {
  needs kubectl "https://kubernetes.io/docs/tasks/tools/"
  [ -e deploy/secrets/pgpass ] || [ -n "$dry" ] || fail "deploy/secrets/pgpass is missing: write your database's host:port:database:user:password into it. docs/DEPLOYMENT.md#on-kubernetes"
  run mkdir -p -m 0700 deploy/secrets
  secret bootstrap-token "$(random)"
  secret app.pem ""
  secret amp-api-key "${AMP_API_KEY:-}"
  secret webhook-secret ""
  run kubectl apply -f deploy/kubernetes/namespace.yaml
  if [ -n "$dry" ] || ! kubectl --namespace ampx get secret ampx >/dev/null 2>&1; then
    run kubectl --namespace ampx create secret generic ampx --from-file=deploy/secrets/pgpass --from-file=deploy/secrets/bootstrap-token \
      --from-file=deploy/secrets/app.pem --from-file=deploy/secrets/amp-api-key --from-file=deploy/secrets/webhook-secret
  fi
  run kubectl apply -k deploy/kubernetes
  run kubectl --namespace ampx rollout status statefulset/silo --timeout 10m
  run kubectl --namespace ampx rollout status deployment/gateway --timeout 5m
  echo "Sign in with the token in deploy/secrets/bootstrap-token at the address of deploy/kubernetes/network.yaml."
}

"deploy_${kind:-systemd}"
