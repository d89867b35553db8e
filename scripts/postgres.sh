#!/usr/bin/env bash
# A PostgreSQL server for tests, of its own: "scripts/postgres.sh start" prints its folder and its connection string, a line each;
# "stop FOLDER" ends it and removes the folder;
# "crash FOLDER" ends it as a crash does, "restart FOLDER" does that too and starts it again. Loopback only, as an unprivileged user.
# Durability is off unless AMPX_POSTGRES_DURABLE=1: what is tested is Ampx, and the folder goes with the tests.
set -euo pipefail
usage() { echo "usage: scripts/postgres.sh start | crash FOLDER | restart FOLDER | stop FOLDER" >&2; exit 2; }
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1) || true
[ -x "${bin:-}/initdb" ] || bin=$(dirname "$(command -v initdb 2>/dev/null || echo missing/initdb)")
[ -x "$bin/initdb" ] || { echo "PostgreSQL is missing: scripts/setup.sh --tests installs it" >&2; exit 1; }

# The server refuses root.
as_server() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups env HOME="$folder" "$@"; else "$@"; fi; }

case ${1:-} in
  start)
    folder=$(mktemp -d -t ampx-postgres-XXXXXX)
    [ "$(id -u)" != 0 ] || chown postgres:postgres "$folder"
    cd /
    # A port that nothing answers on; below those that the system gives to clients.
    while port=$(shuf -i 20000-32000 -n 1); (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
    as_server "$bin/initdb" -D "$folder/data" -U ampx -A trust -E UTF8 --locale=C.UTF-8 >"$folder/init.log" 2>&1 || { cat "$folder/init.log" >&2; exit 1; }
    safe=(-c fsync=off -c full_page_writes=off -c synchronous_commit=off)
    [ "${AMPX_POSTGRES_DURABLE:-}" != 1 ] || safe=()
    as_server "$bin/pg_ctl" -D "$folder/data" -l "$folder/log" -w -t 60 -o "-h 127.0.0.1 -p $port -k $folder -c max_connections=300 ${safe[*]}" start >/dev/null || { cat "$folder/log" >&2; exit 1; }
    echo "$folder"
    echo "Host=127.0.0.1;Port=$port;Username=ampx;Database=postgres"
    ;;
  crash)
    folder=${2:-}
    [ -f "$folder/data/PG_VERSION" ] || usage
    cd /
    as_server "$bin/pg_ctl" -D "$folder/data" -m immediate -w stop >/dev/null
    ;;
  restart)
    folder=${2:-}
    [ -f "$folder/data/PG_VERSION" ] || usage
    cd /
    as_server "$bin/pg_ctl" -D "$folder/data" -l "$folder/log" -m immediate -w -t 60 restart >/dev/null || { tail -5 "$folder/log" >&2; exit 1; }
    ;;
  stop)
    folder=${2:-}
    [ -f "$folder/data/PG_VERSION" ] || usage
    cd /
    [ ! -f "$folder/data/postmaster.pid" ] || as_server "$bin/pg_ctl" -D "$folder/data" -m immediate -w stop >/dev/null
    rm -rf "$folder"
    ;;
  *) usage ;;
esac
