# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# For scripts that start their own daemon from the build tree: configuration, start and stop. All files are in a
# directory DIR of the caller: warden.conf, warden.sock, wardend.log, and data/ with rootfs and containers.

# daemon_configure BUILD DIR KLASS [SETTINGS]: the settings are further lines of `server`.
daemon_configure()
{
	local build=$1 dir=$2 klass=$3 settings=${4-}

	cat >"$dir/warden.conf" <<-CONF
		server: {
			container_klass = "$klass";
			backend_path = "$build/backends/$klass/.libs";
			unix_domain_path = "$dir/warden.sock";
			container_rootfs_path = "$dir/data/rootfs";
			container_depot_path = "$dir/data/containers";
			$settings
		};
		health_check_server: { port = 0; };
		logging: { level = "warn"; file = "$dir/wardend.log"; };
		$klass: { wshd = "$build/wshd/wshd"; };
	CONF
}

# daemon_data DIR: makes DIR/data. Layers on an overlay cannot be mapped to a container's ids, so if DIR is on an
# overlay, data is a tmpfs. The caller has its own mount namespace.
daemon_data()
{
	local dir=$1

	mkdir -p "$dir/data"
	if [ "$(stat -f -c %T -- "$dir/data")" = overlayfs ]; then
		mount -t tmpfs -o mode=0700 warden "$dir/data"
	fi
}

# daemon_start DIR COMMAND...: starts the daemon and waits until it listens; its pid is in $daemon_pid. It has its own
# session, so that ^C does not end it before the caller has destroyed its containers.
daemon_start()
{
	local dir=$1

	shift
	setsid "$@" -c "$dir/warden.conf" &
	daemon_pid=$!
	for _ in $(seq 100); do
		[ ! -S "$dir/warden.sock" ] || return 0
		kill -0 "$daemon_pid" 2>/dev/null || break
		sleep 0.1
	done
	cat "$dir/wardend.log" >&2 2>/dev/null || true # it may have ended before it opened the log
	return 1
}

# daemon_warden BUILD ARGUMENT...: runs the program warden of the build tree.
daemon_warden()
{
	local build=$1

	shift
	"$build/client/warden" "$@"
}

# daemon_stop BUILD DIR PID: destroys the containers, as they outlive the daemon, and stops it.
daemon_stop()
{
	local build=$1 socket=$2/warden.sock pid=$3 handle

	daemon_warden "$build" --socket "$socket" list 2>/dev/null | while IFS= read -r handle; do
		daemon_warden "$build" --socket "$socket" destroy --handle "$handle" || true # it printed the error
	done
	kill "$pid" 2>/dev/null || true # it may have ended
	wait "$pid" || true             # it logged why it failed
}
