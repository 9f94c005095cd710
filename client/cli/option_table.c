/* SPDX-License-Identifier: Apache-2.0 */
/* The second half of the table: the options and the fields that they set. */
#include <config.h>

#include "client/cli/cli.h"

#define OWN(member) .set = set_own, .into = offsetof(struct invocation, member)

const struct option global_options[] = {
	{.name = "socket",
	 .argument = "FILE",
	 OWN(socket_path),
	 .help = "the daemon's socket (default: $WARDEN_SOCKET, else " WARDEN_DEFAULT_SOCKET ")"},
	{.name = "reconnect",
	 .argument = "TIME",
	 .set = set_reconnect,
	 .help = "how long to try to reach a daemon that restarts; 0: not at all (default: 60)"},
	{.name = "json", OWN(json), .help = "print the answer as one JSON object a line"},
	{.name = "format",
	 .argument = "TEMPLATE",
	 OWN(format),
	 .help = "print a line of this text; {FIELD} stands for a field of the answer"},
	{.name = "help", .letter = 'h', OWN(help), .help = "print the help of a command"},
	{.name = "version", OWN(version), .help = "print the version"},
	{.name = "exit-on-error",
	 OWN(exit_on_error),
	 .help = "when commands are read one a line: stop at the first one that fails"},
	{0},
};

#define HANDLE                                                                                     \
	{                                                                                          \
		.name = "handle", .field = "handle", .argument = "HANDLE", .positional = true,     \
		.required = true, .help = "the container"                                          \
	}
#define JOB_OPTION(Required, Help)                                                                 \
	{                                                                                          \
		.name = "job-id", .field = "job_id", .argument = "JOB", .positional = true,        \
		.required = (Required), .help = (Help)                                             \
	}
#define JOB JOB_OPTION(true, "number of the job, as spawn printed it")
#define PATH                                                                                       \
	{                                                                                          \
		.name = "path", .field = "path", .argument = "PATH", .positional = true,           \
		.required = true, .help = "a path in the container"                                \
	}

const struct option handle_option[] = {HANDLE, {0}};

const struct option create_options[] = {
	{.name = "handle",
	 .alias = "name",
	 .field = "handle",
	 .argument = "HANDLE",
	 .positional = true,
	 .help = "name of the new container (default: its id)"},
	{.name = "bind-mount",
	 .alias = "volume",
	 .letter = 'v',
	 .field = "bind_mounts",
	 .argument = "SRC:DST[:ro]",
	 .set = set_bind_mount,
	 .help = "mount SRC of the host at DST, writable unless :ro; may be given again"},
	{.name = "grace-time",
	 .field = "grace_time",
	 .argument = "TIME",
	 .set = set_seconds,
	 .help = "keep it this long after its last connection closes; or `never`"},
	{.name = "ttl",
	 .field = "ttl",
	 .argument = "TIME",
	 .set = set_seconds,
	 .help = "destroy it after this time, even if it is in use"},
	{.name = "network",
	 .alias = "net",
	 .field = "network",
	 .argument = "ADDRESS",
	 .set = set_network,
	 .filled = true,
	 .help = "use the /30 network that contains this address; `none`: any, as without it"},
	{.name = "rootfs",
	 .field = "rootfs",
	 .argument = "DIR",
	 .set = set_path,
	 .filled = true,
	 .help = "root file system instead of the configured one"},
	{.name = "layer",
	 .field = "layers",
	 .argument = "DIR",
	 .set = set_path,
	 .filled = true,
	 .help = "a directory of the root file system, instead of --rootfs; topmost first, may be "
		 "given again"},
	{.name = "tmpfs-size",
	 .field = "tmpfs_bytes",
	 .argument = "SIZE",
	 .set = set_size,
	 .help = "keep its files in memory, at most this much"},
	{.name = "tmpfs-inodes",
	 .field = "tmpfs_inodes",
	 .argument = "N",
	 .help = "with --tmpfs-size: at most this many files"},
	{.name = "shm-size",
	 .field = "shm_bytes",
	 .argument = "SIZE",
	 .set = set_size,
	 .help = "size of /dev/shm"},
	{.name = "no-new-privs",
	 .field = "no_new_privs",
	 .help = "no setuid program gives a job more rights"},
	{.name = "env",
	 .letter = 'e',
	 .field = "env",
	 .argument = "NAME=VALUE",
	 .set = set_env,
	 .help = "set a variable for every job; without =VALUE the value is this process's; may be "
		 "given "
		 "again"},
	{.name = "property",
	 .alias = "label",
	 .field = "properties",
	 .argument = "KEY=VALUE",
	 .set = set_property,
	 .help = "a label by which list and events select; may be given again"},
	{.name = "hostname",
	 .field = "hostname",
	 .argument = "NAME",
	 .filled = true,
	 .help = "its host name (default: the handle, or the id if that is no host name)"},
	{.name = "seccomp",
	 .field = "seccomp",
	 .argument = "NAME",
	 .help = "profile of system calls of its jobs: default, judge, unconfined, or a configured "
		 "one"},
	{.name = "host",
	 .field = "hosts",
	 .argument = "'ADDRESS NAME...'",
	 .help = "an additional line of /etc/hosts; may be given again"},
	{.name = "dns-server",
	 .alias = "dns",
	 .field = "dns_servers",
	 .argument = "ADDRESS",
	 .help = "name server instead of the configured ones; may be given again"},
	{.name = "request-id",
	 .field = "request_id",
	 .argument = "ID",
	 .help = "a repeated request with the same id returns the same answer"},
	{0},
};

const struct option limit_options[] = {
	{.name = "memory",
	 .letter = 'm',
	 .field = "memory_bytes",
	 .argument = "SIZE",
	 .set = set_size,
	 .help = "memory and swap together; `unlimited`"},
	{.name = "swap-off", .field = "swap_off", .help = "do not swap its memory"},
	{.name = "cpu-shares",
	 .field = "cpu_shares",
	 .argument = "N",
	 .help = "weight when containers compete for the cpu; 1024 is the default"},
	{.name = "cpus",
	 .argument = "N",
	 .set = set_cpus,
	 .help = "the time of so many cpus, such as 1.5; as --cpu-quota 150"},
	{.name = "cpu-quota",
	 .field = "cpu_quota",
	 .argument = "PERCENT",
	 .help = "in percent of a core: 250 is two and a half cores; 0: no quota"},
	{.name = "cpuset",
	 .alias = "cpuset-cpus",
	 .field = "cpus",
	 .argument = "LIST",
	 .help = "the cpus that it may use, such as 0-2,4"},
	{.name = "processes",
	 .alias = "pids-limit",
	 .field = "processes",
	 .argument = "N",
	 .help = "0: no limit"},
	{.name = "disk",
	 .field = "disk_bytes",
	 .argument = "SIZE",
	 .set = set_size,
	 .help = "size of its own files; 0: no limit"},
	{.name = "disk-inodes",
	 .field = "disk_inodes",
	 .argument = "N",
	 .help = "number of its own files; 0: no limit"},
	{.name = "bandwidth-rate",
	 .field = "bandwidth_rate",
	 .argument = "SIZE",
	 .set = set_size,
	 .help = "bytes a second, in both directions; with --bandwidth-burst"},
	{.name = "bandwidth-burst",
	 .field = "bandwidth_burst",
	 .argument = "SIZE",
	 .set = set_size,
	 .help = "bytes that may pass at once"},
	{.name = "io-weight",
	 .field = "io_weight",
	 .argument = "N",
	 .help = "weight on the disk, 1 to 10000; 100 is the default"},
	{.name = "io-read-rate",
	 .field = "io_read_rate",
	 .argument = "SIZE",
	 .set = set_size,
	 .help = "bytes a second read from the depot's disk; 0: no limit"},
	{.name = "io-write-rate",
	 .field = "io_write_rate",
	 .argument = "SIZE",
	 .set = set_size,
	 .help = "bytes a second written to the depot's disk; 0: no limit"},
	{0},
};

const struct option job_options[] = {
	{.name = "user",
	 .letter = 'u',
	 .field = "user",
	 .argument = "USER[:GROUP]",
	 .filled = true,
	 .help = "the user that it runs as, by name or number (default: vcap)"},
	{.name = "privileged", .field = "privileged", .help = "run as root of the container"},
	{.name = "env",
	 .letter = 'e',
	 .field = "env",
	 .argument = "NAME=VALUE",
	 .set = set_env,
	 .help = "set a variable; without =VALUE the value is this process's; may be given again"},
	{.name = "working-dir",
	 .alias = "workdir",
	 .letter = 'w',
	 .field = "working_dir",
	 .argument = "PATH",
	 .filled = true,
	 .help = "its working directory (default: the user's home)"},
	{.name = "stdin",
	 .alias = "interactive",
	 .letter = 'i',
	 .field = "stdin",
	 .help = "connect its standard input: run and exec send theirs; job-input writes to a "
		 "spawned job"},
	{.name = "terminal",
	 .alias = "tty",
	 .letter = 't',
	 .field = "terminal",
	 .help = "give it a terminal; run and exec set this terminal to raw mode"},
	{.name = "rows",
	 .field = "rows",
	 .argument = "N",
	 .help = "lines of the terminal (default: those of this one)"},
	{.name = "columns",
	 .field = "columns",
	 .argument = "N",
	 .help = "characters a line of the terminal (default: those of this one)"},
	{.name = "timeout",
	 .field = "wall_time_us",
	 .argument = "TIME",
	 .set = set_microseconds,
	 .help = "kill it after this time"},
	{.name = "cpu-time",
	 .field = "cpu_time_us",
	 .argument = "TIME",
	 .set = set_microseconds,
	 .help = "kill it when it has used this much cpu time"},
	{.name = "memory-limit",
	 .field = "memory_limit",
	 .argument = "SIZE",
	 .set = set_size,
	 .help = "limit the memory of the job"},
	{.name = "process-limit",
	 .field = "process_limit",
	 .argument = "N",
	 .help = "limit the number of processes of the job"},
	{.name = "own-cgroup",
	 .field = "own_cgroup",
	 .help = "give it its own control group, so that its figures include every descendant"},
	{.name = "cpuset",
	 .alias = "cpuset-cpus",
	 .field = "cpus",
	 .argument = "LIST",
	 .help = "the cpus that it may use, such as 0-2,4"},
	{.name = "lease-cpu",
	 .field = "lease_cpu",
	 .help = "run it on a cpu that no other job with this option uses"},
	{.name = "nice", .field = "nice", .argument = "N", .help = "nice value, -20 to 19"},
	{.name = "rlimit",
	 .alias = "ulimit",
	 .field = "rlimits",
	 .argument = "NAME=N",
	 .set = set_rlimit,
	 .help = "limit a resource as in getrlimit(2), such as nofile=1024, fsize=10M, cpu=1m or "
		 "core=unlimited; may "
		 "be given again"},
	{.name = "seccomp",
	 .field = "seccomp",
	 .argument = "NAME",
	 .help = "profile of system calls, instead of the container's"},
	{.name = "no-aslr", .field = "no_aslr", .help = "do not randomise its addresses"},
	{.name = "no-swap", .field = "no_swap", .help = "do not swap its memory"},
	{.name = "stack-unlimited",
	 .field = "stack_unlimited",
	 .help = "its stack may be as large as the memory"},
	{.name = "no-new-privs",
	 .field = "no_new_privs",
	 .help = "no setuid program gives it more rights"},
	{.name = "output-limit",
	 .field = "output_limit",
	 .argument = "SIZE",
	 .set = set_size,
	 .help = "limit stdout and stderr together, instead of the configured limit"},
	{.name = "output-policy",
	 .field = "output_policy",
	 .argument = "kill|head-tail|tail",
	 .set = set_choice,
	 .help = "at the output limit: kill the job (default), keep the first and last bytes, or "
		 "keep the last ones"},
	{.name = "discard-output",
	 .field = "discard_output",
	 .help = "drop the output instead of keeping it"},
	{.name = "log-tag",
	 .field = "log_tag",
	 .argument = "TAG",
	 .filled = true,
	 .help = "send each line of output to syslog as warden.TAG, too"},
	{.name = "keep",
	 .field = "keep",
	 .help = "keep the result for further links, until collect"},
	{.name = "request-id",
	 .field = "request_id",
	 .argument = "ID",
	 .help = "a repeated request with the same id returns the same answer"},
	{.name = "script",
	 .field = "script",
	 .argument = "TEXT",
	 .set = set_script,
	 .help = "the script to run"},
	{.name = "script-file",
	 .field = "script",
	 .argument = "FILE",
	 .set = set_script_file,
	 .help = "a file with the script; `-` is standard input"},
	{0},
};

#define OFFSET(stream, into)                                                                       \
	{                                                                                          \
		.name = stream "-offset", .field = into, .argument = "SIZE", .set = set_size,      \
		.help = "begin behind so many bytes of the job's " stream                          \
	}

const struct option link_options[] = {HANDLE, JOB, {0}};

const struct option stream_options[] = {
	HANDLE, JOB, OFFSET("stdout", "stdout_offset"), OFFSET("stderr", "stderr_offset"), {0}};

const struct option attach_options[] = {
	HANDLE,
	JOB_OPTION(false, "number of the job (default: the only one that runs)"),
	{.name = "replay",
	 .field = "replay",
	 .help = "begin with the first output (default); --replay=false: new output only"},
	OFFSET("stdout", "stdout_offset"),
	OFFSET("stderr", "stderr_offset"),
	{0},
};

const struct option attach_own_options[] = {
	{.name = "stdin",
	 .alias = "interactive",
	 .letter = 'i',
	 OWN(attach_input),
	 .help = "send standard input to the job"},
	{.name = "terminal",
	 .alias = "tty",
	 .letter = 't',
	 OWN(attach_terminal),
	 .help = "make this terminal raw for that of the job; Control-P Control-Q leaves it"},
	{0},
};

const struct option stop_options[] = {
	{.name = "background", .field = "background", .help = "do not wait for the end"},
	{.name = "kill", .field = "kill", .help = "send KILL at once, without TERM"},
	{0},
};

#define SELECT                                                                                     \
	{                                                                                          \
		.name = "property", .field = "properties", .argument = "KEY=VALUE",                \
		.set = set_property,                                                               \
		.help = "only containers with this property; may be given again"                   \
	}

const struct option handles_options[] = {
	{.name = "handle",
	 .field = "handles",
	 .argument = "HANDLE",
	 .positional = true,
	 .repeated = true,
	 .help = "a container; may be given again"},
	SELECT,
	{0},
};

const struct option list_options[] = {SELECT, {0}};

#define ALL(Help)                                                                                  \
	{                                                                                          \
		.name = "all", .letter = 'a', OWN(all), .help = (Help)                             \
	}

const struct option list_own_options[] = {
	{.name = "long", .letter = 'l', OWN(detailed), .help = "a table with state and figures"},
	{.name = "quiet", .letter = 'q', OWN(quiet), .help = "handles alone"},
	ALL("all containers, also stopped ones, as without it"),
	{0},
};

#define OWN_HANDLE(Help)                                                                           \
	{                                                                                          \
		.name = "handle", .argument = "HANDLE", OWN(handle), .positional = true,           \
		.help = (Help)                                                                     \
	}

#define PS                                                                                         \
	{.name = "quiet", .letter = 'q', OWN(quiet), .help = "handles alone"},                     \
		ALL("all containers, also stopped ones, as without it"),                           \
	{                                                                                          \
		.name = "property", .argument = "KEY=VALUE", .set = set_ps_property,               \
		.help = "only containers with this property"                                       \
	}

const struct option ps_options[] = {
	OWN_HANDLE("the container whose jobs are shown (default: all containers)"),
	PS,
	{0},
};

const struct option ls_options[] = {
	OWN_HANDLE("the container whose files are shown (default: all containers)"),
	{.name = "path",
	 .argument = "PATH",
	 OWN(source),
	 .positional = true,
	 .help = "a directory in the container (default: the home directory)"},
	PS,
	{0},
};

const struct option kill_handle_options[] = {
	{.name = "handle",
	 .field = "handles",
	 .argument = "HANDLE",
	 .positional = true,
	 .required = true,
	 .repeated = true,
	 .help = "the container; may be given again"},
	{0},
};

const struct option kill_options[] = {
	{.name = "job-id",
	 .argument = "JOB",
	 OWN(job),
	 .help = "number of the job (default: every process of the container)"},
	{.name = "signal",
	 .letter = 's',
	 .argument = "SIGNAL",
	 OWN(signal),
	 .help = "name or number (default: TERM to a job, KILL to a container)"},
	{0},
};

const struct option cp_options[] = {
	{.name = "source",
	 .argument = "FILE",
	 OWN(source),
	 .positional = true,
	 .required = true,
	 .help = "HANDLE:PATH in a container, or a path of the host; `-`: a tar on standard input"},
	{.name = "target",
	 .argument = "FILE",
	 OWN(target),
	 .positional = true,
	 .required = true,
	 .help = "HANDLE:PATH in a container, or a path of the host; `-`: a tar on standard "
		 "output"},
	{0},
};

const struct option logs_options[] = {
	{.name = "job-id",
	 .argument = "JOB",
	 OWN(job),
	 .positional = true,
	 .help = "number of the job (default: the last one)"},
	{.name = "follow",
	 .letter = 'f',
	 OWN(follow),
	 .help = "go on with what the job writes until it ends"},
	{.name = "tail",
	 .letter = 'n',
	 .argument = "N",
	 OWN(tail),
	 .help = "begin with the last N lines of stdout and of stderr; or `all` (default)"},
	{0},
};

const struct option publish_options[] = {
	{.name = "publish",
	 .letter = 'p',
	 .field = "in",
	 .argument = "[HOST:]CONTAINER[/udp]",
	 .set = set_publish,
	 .help = "forward a port of the host (default: one of the pool) to it, as net-in does; may "
		 "be given again"},
	{0},
};

const struct option stop_own_options[] = {
	ALL("every container, or with --property every one that has it"),
	{0},
};

const struct option destroy_own_options[] = {
	ALL("every container, or with --property every one that has it"),
	{.name = "force", .letter = 'f', OWN(force), .help = "an unknown handle is no error"},
	{0},
};

const struct option run_own_options[] = {
	{.name = "detach", .letter = 'd', OWN(detach), .help = "do not wait, as spawn"},
	{.name = "quiet",
	 .letter = 'q',
	 OWN(quiet),
	 .help = "print the output when the job is over, and not why it ended"},
	{0},
};

const struct option exec_own_options[] = {
	{.name = "rm", OWN(all), .help = "as without it: the container is always destroyed"},
	{.name = "quiet",
	 .letter = 'q',
	 OWN(quiet),
	 .help = "print the output when the command is over, and not why it ended"},
	{0},
};

const struct option info_many_options[] = {
	{.name = "handle",
	 .field = "handles",
	 .argument = "HANDLE",
	 .positional = true,
	 .repeated = true,
	 .help = "a container (default: all); may be given again"},
	SELECT,
	{0},
};

const struct option echo_options[] = {
	{.name = "message",
	 .field = "message",
	 .argument = "TEXT",
	 .positional = true,
	 .required = true,
	 .help = "the text"},
	{0},
};

const struct option shell_options[] = {
	{.name = "user",
	 .letter = 'u',
	 .argument = "USER",
	 .filled = true,
	 OWN(user),
	 .help = "user of the shell (default: root)"},
	{0},
};

const struct option net_in_options[] = {
	{.name = "host-port",
	 .field = "host_port",
	 .argument = "PORT",
	 .help = "of the host (default: one of the pool)"},
	{.name = "container-port",
	 .field = "container_port",
	 .argument = "PORT",
	 .help = "of the container (default: the same)"},
	{.name = "protocol",
	 .field = "protocol",
	 .argument = "tcp|udp",
	 .set = set_choice,
	 .help = "default: tcp"},
	{0},
};

const struct option net_out_options[] = {
	{.name = "network",
	 .field = "network",
	 .argument = "ADDRESSES",
	 .help = "the destination: an address, ADDRESS/BITS or FIRST-LAST"},
	{.name = "port", .field = "port", .argument = "PORT", .help = "one port"},
	{.name = "port-range",
	 .field = "port_range",
	 .argument = "FIRST:LAST",
	 .help = "ports; overrides --port"},
	{.name = "protocol",
	 .field = "protocol",
	 .argument = "tcp|udp|icmp|all",
	 .set = set_choice,
	 .help = "default: tcp"},
	{.name = "icmp-type", .field = "icmp_type", .argument = "N", .help = "-1: any"},
	{.name = "icmp-code", .field = "icmp_code", .argument = "N", .help = "-1: any"},
	{.name = "log", .field = "log", .help = "the kernel logs new connections"},
	{0},
};

const struct option rule_options[] = {
	HANDLE,
	{.name = "in",
	 .field = "in",
	 .argument = "RULE",
	 .set = set_rule,
	 .help = "a rule of net-in: HOST:CONTAINER[/udp], or fields such as "
		 "host_port=80,container_port=8080; may be given again"},
	{.name = "out",
	 .field = "out",
	 .argument = "RULE",
	 .set = set_rule,
	 .help = "a rule of net-out as fields, such as network=192.0.2.0/24,port=80,protocol=udp; "
		 "may be given again"},
	{0},
};

const struct option limit_memory_options[] = {
	{.name = "limit",
	 .field = "limit_in_bytes",
	 .argument = "SIZE",
	 .set = set_size,
	 .positional = true,
	 .help = "of memory and swap together; without it the current limit is printed"},
	{0},
};

const struct option limit_cpu_options[] = {
	{.name = "limit",
	 .field = "limit_in_shares",
	 .argument = "SHARES",
	 .positional = true,
	 .help = "1024 is the default; without it the current shares are printed"},
	{0},
};

#define DISK_OPTION(Name, Field, Argument, Help)                                                   \
	{                                                                                          \
		.name = (Name), .field = (Field), .argument = (Argument), .set = set_size,         \
		.help = (Help)                                                                     \
	}
#define DISK(Name, Field, Help)      DISK_OPTION(Name, Field, "N", Help)
#define SIZE_DISK(Name, Field, Help) DISK_OPTION(Name, Field, "SIZE", Help)

const struct option limit_disk_options[] = {
	SIZE_DISK("byte-limit", "byte_limit", "bytes, as --byte-hard"),
	SIZE_DISK("byte", "byte", "bytes, as --byte-hard; overrides --byte-limit"),
	SIZE_DISK("byte-soft", "byte_soft", "bytes that may be exceeded for a while"),
	SIZE_DISK("byte-hard", "byte_hard", "bytes; 0: no limit"),
	DISK("block-limit", "block_limit", "blocks of 1 KiB, as --block-hard"),
	DISK("block", "block", "blocks, as --block-hard; overrides --block-limit"),
	DISK("block-soft", "block_soft", "blocks that may be exceeded for a while"),
	DISK("block-hard", "block_hard", "blocks of 1 KiB; 0: no limit"),
	DISK("inode-limit", "inode_limit", "files, as --inode-hard"),
	DISK("inode", "inode", "files, as --inode-hard; overrides --inode-limit"),
	DISK("inode-soft", "inode_soft", "files that may be exceeded for a while"),
	DISK("inode-hard", "inode_hard", "files; 0: no limit"),
	{0},
};

const struct option limit_bandwidth_options[] = {
	{.name = "rate",
	 .field = "rate",
	 .argument = "SIZE",
	 .set = set_size,
	 .positional = true,
	 .required = true,
	 .help = "bytes a second, in both directions"},
	{.name = "burst",
	 .field = "burst",
	 .argument = "SIZE",
	 .set = set_size,
	 .positional = true,
	 .required = true,
	 .help = "bytes that may pass at once"},
	{0},
};

const struct option copy_in_options[] = {
	HANDLE,
	{.name = "src-path",
	 .field = "src_path",
	 .argument = "FILE",
	 .set = set_path,
	 .filled = true,
	 .positional = true,
	 .required = true,
	 .help = "a file or directory of the host; with a `/` at its end: its content; `-`: a "
		 "tar "
		 "on standard input"},
	{.name = "dst-path",
	 .field = "dst_path",
	 .argument = "PATH",
	 .positional = true,
	 .required = true,
	 .help = "the destination in the container"},
	{.name = "progress",
	 .field = "progress",
	 .help = "show the progress even if standard error is not a terminal"},
	{0},
};

const struct option copy_out_options[] = {
	HANDLE,
	{.name = "src-path",
	 .field = "src_path",
	 .argument = "PATH",
	 .positional = true,
	 .required = true,
	 .help = "a file or directory in the container; with a `/` at its end: its content"},
	{.name = "dst-path",
	 .field = "dst_path",
	 .argument = "FILE",
	 .set = set_path,
	 .filled = true,
	 .positional = true,
	 .required = true,
	 .help = "the destination on the host; `-`: a tar on standard output"},
	{.name = "owner",
	 .field = "owner",
	 .argument = "USER[:GROUP]",
	 .help = "owner of the copy (default: root)"},
	{.name = "keep-modes", .field = "keep_modes", .help = "keep setuid and setgid bits"},
	{.name = "progress",
	 .field = "progress",
	 .help = "show the progress even if standard error is not a terminal"},
	{0},
};

const struct option file_options[] = {HANDLE, PATH, {0}};

const struct option file_read_options[] = {
	HANDLE,
	PATH,
	{.name = "offset",
	 .field = "offset",
	 .argument = "SIZE",
	 .set = set_size,
	 .help = "skip this many bytes"},
	{.name = "length",
	 .field = "length",
	 .argument = "SIZE",
	 .set = set_size,
	 .help = "read at most this many bytes"},
	{0},
};

const struct option file_write_options[] = {
	HANDLE,
	PATH,
	{.name = "data",
	 .field = "data",
	 .argument = "TEXT",
	 .help = "the content (default: standard input)"},
	{.name = "mode",
	 .field = "mode",
	 .argument = "MODE",
	 .set = set_mode,
	 .help = "of a new file, in octal (default: 0644)"},
	{.name = "offset",
	 .field = "offset",
	 .argument = "SIZE",
	 .set = set_size,
	 .help = "write at this offset and keep the rest of the file"},
	{0},
};

const struct option file_write_own_options[] = {
	{.name = "file", .argument = "FILE", OWN(file), .help = "read the data from this file"},
	{0},
};

const struct option file_remove_options[] = {
	HANDLE,
	PATH,
	{.name = "recursive",
	 .letter = 'r',
	 .field = "recursive",
	 .help = "remove a directory with its content"},
	{0},
};

const struct option job_input_options[] = {
	HANDLE,
	JOB,
	{.name = "data",
	 .field = "data",
	 .argument = "TEXT",
	 .help = "the input (default: standard input to its end)"},
	{.name = "end", .field = "end", .help = "close its standard input afterwards"},
	{0},
};

const struct option job_input_own_options[] = {
	{.name = "file", .argument = "FILE", OWN(file), .help = "read the input from this file"},
	{0},
};

const struct option job_signal_options[] = {
	HANDLE,
	JOB,
	{.name = "signal",
	 .letter = 's',
	 .field = "signal",
	 .argument = "SIGNAL",
	 .set = set_signal,
	 .positional = true,
	 .help = "name or number (default: TERM)"},
	{0},
};

const struct option job_resize_options[] = {
	HANDLE,
	JOB,
	{.name = "rows",
	 .field = "rows",
	 .argument = "N",
	 .positional = true,
	 .required = true,
	 .help = "lines of its terminal"},
	{.name = "columns",
	 .field = "columns",
	 .argument = "N",
	 .positional = true,
	 .required = true,
	 .help = "characters of a line"},
	{0},
};

const struct option events_options[] = {
	{.name = "handle",
	 .field = "handles",
	 .argument = "HANDLE",
	 .positional = true,
	 .repeated = true,
	 .help = "only events of this container (default: all); may be given again"},
	SELECT,
	{.name = "after",
	 .field = "after",
	 .argument = "SEQUENCE",
	 .help = "begin after this event, if it is still known"},
	{0},
};

const struct option top_options[] = {
	{.name = "iterations",
	 .letter = 'n',
	 .argument = "N",
	 OWN(iterations),
	 .help = "number of tables (default: unlimited on a terminal, else 1)"},
	{.name = "interval",
	 .letter = 'd',
	 .argument = "TIME",
	 OWN(interval),
	 .help = "interval between tables (default: 1)"},
	{0},
};

const struct option doctor_options[] = {
	{.name = "all", .letter = 'a', OWN(all), .help = "show good facts and other backends, too"},
	{.name = "settings",
	 .letter = 'c',
	 .argument = "FILE",
	 OWN(settings),
	 .help = "the configuration file (default: that of wardend)"},
	{.name = "wardend",
	 .argument = "FILE",
	 OWN(wardend),
	 .help = "the wardend that checks this host (default: the installed one)"},
	{0},
};

const struct option help_options[] = {
	{.name = "manual", OWN(manual), .help = "print the manual page, as doc/warden.1"},
	{0},
};
