# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# For scripts that start a daemon of their own from the build tree: its configuration, start and end.
# Everything lies in a folder DIR of the caller's: warden.conf, warden.sock, wardend.log, and data/ with
# rootfs and containers.

# daemon_configure BUILD DIR KLASS
daemon_configure()
{
	local build=$1 dir=$2 klass=$3

	cat >"$dir/warden.conf" <<-CONF
		server: {
			container_klass = "$klass";
			backend_path = "$build/backends/$klass/.libs";
			unix_domain_path = "$dir/warden.sock";
			container_rootfs_path = "$dir/data/rootfs";
			container_depot_path = "$dir/data/containers";
		};
		health_check_server: { port = 0; };
		logging: { level = "warn"; file = "$dir/wardend.log"; };
		$klass: { wshd = "$build/wshd/wshd"; };
	CONF
}

# Layers that lie on an overlay cannot be mapped to a container's ids: then they go to memory. Needs a
# mount namespace of the caller's.
daemon_data()
{
	local dir=$1

	mkdir -p "$dir/data"
	if [ "$(stat -f -c %T -- "$dir/data")" = overlayfs ]; then
		mount -t tmpfs -o mode=0700 warden "$dir/data"
	fi
}

# daemon_start DIR COMMAND...: waits until it listens; its pid is in $daemon_pid. An interrupt of the
# terminal does not reach it, as it has to be there when the caller cleans up.
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
	cat "$dir/wardend.log" >&2 2>/dev/null || true # it may have told before there was a log
	return 1
}

# daemon_stop BUILD DIR PID: a daemon that ends leaves its containers alive, so they end first.
daemon_stop()
{
	local build=$1 dir=$2 pid=$3 handle

	"$build/client/warden" --socket "$dir/warden.sock" list 2>/dev/null | while IFS= read -r handle; do
		"$build/client/warden" --socket "$dir/warden.sock" destroy --handle "$handle" || true # told
	done
	kill "$pid" 2>/dev/null || true # it may have ended
	wait "$pid" || true             # likewise, in a way that was told
}
