#!/usr/bin/env bash
# Rehearses backup and restore on invented records, in a folder of its own that is removed again:
#   deploy/rehearse-restore.sh          both databases; PG_BIN names the folder of initdb, pg_ctl and pg_basebackup
# PostgreSQL: a private server that archives its log, a base backup, work, the loss of the server, and a restore to a
# moment in between and then to the end. SQLite: a copy made while a node works. Each copy is verified against the
# heads kept outside the database. As root it runs the server as PG_USER (postgres).
set -euo pipefail

waymark=${WAYMARK:-waymark}
bin=${PG_BIN:-$(pg_config --bindir)}
here=$(mktemp -d /tmp/waymark-restore-XXXXXX)
port=54390
serving=
cleanup() { [ -z "$serving" ] || as pg_ctl -D "$serving" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$here"; }
trap cleanup EXIT

as() { # a program of the server, which refuses to run as root
  local program=$1; shift
  if [ "$(id -u)" = 0 ]; then (cd "$here" && setpriv --reuid="${PG_USER:-postgres}" --regid="${PG_USER:-postgres}" --clear-groups "$bin/$program" "$@")
  else "$bin/$program" "$@"; fi
}
step() { printf '\n== %s\n' "$*"; }
fails() { # a command that must refuse: shows what it says
  if "$@"; then echo "this should have been refused: $*" >&2; exit 1; fi
}
sealed() { tail -1 "$WAYMARK_HEADS_FILE" | sed 's/.*"position":\([0-9]*\).*/\1/'; }
start() { as pg_ctl -D "$1" -l "$here/$(basename "$1").log" -w -t 60 start >/dev/null || { tail -5 "$here/$(basename "$1").log" >&2; exit 1; }; serving=$1; }
work() { "$waymark" work --once --node rehearsal >/dev/null 2>&1; }

export WAYMARK_SEAL_KEY=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n') WAYMARK_HEADS_FILE=$here/outside/waymark.heads
mkdir "$here/outside" "$here/archive"
[ "$(id -u)" != 0 ] || chown "${PG_USER:-postgres}" "$here" "$here/archive"

step "PostgreSQL: a server that archives its log"
as initdb -D "$here/first" -U waymark --auth=trust -E UTF8 --locale=C.UTF-8 >/dev/null
cat >>"$here/first/postgresql.conf" <<CONF
listen_addresses = ''
unix_socket_directories = '$here'
port = $port
archive_mode = on
archive_command = 'test ! -f $here/archive/%f && cp %p $here/archive/%f'
CONF
start "$here/first"
export WAYMARK_DATABASE_URL="postgresql://waymark@/postgres?host=$here&port=$port"
sql() { as psql -h "$here" -p $port -U waymark -d postgres -Atc "$1"; }
"$waymark" demo
work

step "a base backup, then work: a year of evidence is sealed, a moment passes, more is sealed"
as pg_basebackup -h "$here" -p $port -U waymark -D "$here/base" -c fast -X none
"$waymark" case list >/dev/null # a look at the record is evidence too
work
moment=$(sql "SELECT now()") before=$(sealed)
sleep 1.1
"$waymark" case list >/dev/null
work
"$waymark" audit verify --head "$WAYMARK_HEADS_FILE"
after=$(sealed)
sql "SELECT pg_switch_wal()" >/dev/null
for _ in $(seq 100); do [ "$(sql "SELECT last_archived_wal >= pg_walfile_name(pg_current_wal_lsn() - 1) FROM pg_stat_archiver")" != t ] || break; sleep 0.1; done
echo "sealed up to line $before at $moment, and up to line $after when the server was lost"

step "the server is lost"
as pg_ctl -D "$here/first" -m immediate stop >/dev/null; serving=
rm -rf "$here/first"

restore() { # to where, what target
  cp -a "$here/base" "$here/$1"
  printf "restore_command = 'cp %s/archive/%%f %%p'\n%s\n" "$here" "$2" >>"$here/$1/postgresql.conf"
  touch "$here/$1/recovery.signal"
  [ "$(id -u)" != 0 ] || chown "${PG_USER:-postgres}" "$here/$1/recovery.signal"
  start "$here/$1"
  for _ in $(seq 300); do [ "$(sql "SELECT pg_is_in_recovery()")" = t ] || return 0; sleep 0.1; done
  echo "it did not come out of recovery" >&2; exit 1
}

step "restored to $moment"
restore then "recovery_target_time = '$moment'
recovery_target_action = 'promote'"
"$waymark" audit verify
echo "against the heads kept outside:"
fails "$waymark" audit verify --head "$WAYMARK_HEADS_FILE"
"$waymark" check --quick || true # the sweep that it knows of may be old by now, and it says so
head -n "$(grep -n "\"position\":$before," "$WAYMARK_HEADS_FILE" | tail -1 | cut -d: -f1)" "$WAYMARK_HEADS_FILE" >"$here/outside/until-then"
"$waymark" audit verify --head "$here/outside/until-then"
echo "so it is whole up to line $before; lines $((before + 1)) to $after were written after that moment, and are not in it"
as pg_ctl -D "$here/then" -m fast stop >/dev/null; serving=

step "restored to the end of the archive"
restore end "recovery_target_timeline = '1'"
"$waymark" audit verify --head "$WAYMARK_HEADS_FILE"
"$waymark" check
as pg_ctl -D "$here/end" -m fast stop >/dev/null; serving=

step "SQLite: a copy made while a node works"
export WAYMARK_DATABASE_URL=sqlite:///$here/waymark.db WAYMARK_HEADS_FILE=$here/outside/sqlite.heads
"$waymark" demo
work
"$waymark" work --node busy >/dev/null 2>&1 & node=$!
"$waymark" backup "$here/outside/copy.db"
kill "$node"; wait "$node" || true
before=$(sealed)
"$waymark" case list >/dev/null
"$waymark" audit seal
rm -f "$here"/waymark.db*
export WAYMARK_DATABASE_URL=sqlite:///$here/outside/copy.db
"$waymark" audit verify
echo "against the heads kept outside:"
fails "$waymark" audit verify --head "$WAYMARK_HEADS_FILE"
"$waymark" check
echo
echo "Rehearsed: both databases came back whole, and the heads outside tell what was written after each copy."
