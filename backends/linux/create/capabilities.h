/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities, through libcap: those that jobs may have, and those of the calling process, which
 * must have a single thread. A set has bit N for capability N. wshd has its own code, as libcap
 * does not exist for it (wshd/privileges.c). */
#ifndef BACKENDS_LINUX_CREATE_CAPABILITIES_H
#define BACKENDS_LINUX_CREATE_CAPABILITIES_H

#include <sys/capability.h>

#include "warden/backend.h"

#define CAPABILITY(name) (UINT64_C(1) << (name))

/* Capabilities of linux.capabilities: the kernel's, and "default" and "none". */
#define CAPABILITIES_OPTION                                                                        \
	{                                                                                          \
		.name = "capabilities", .type = WARDEN_OPTION_STRINGS,                             \
		.text = "default none audit_control audit_read audit_write block_suspend bpf "     \
			"checkpoint_restore chown dac_override dac_read_search fowner fsetid "     \
			"ipc_lock ipc_owner kill lease linux_immutable mac_admin mac_override "    \
			"mknod net_admin net_bind_service net_broadcast net_raw perfmon setfcap "  \
			"setgid setpcap setuid sys_admin sys_boot sys_chroot sys_module "          \
			"sys_nice sys_pacct sys_ptrace sys_rawio sys_resource sys_time "           \
			"sys_tty_config syslog wake_alarm",                                        \
		.meaning = "the capabilities that root's jobs and setuid programs may have; "      \
			   "\"default\", as without the key, are chown, dac_override, fowner, "    \
			   "fsetid, kill, net_bind_service, net_raw, setfcap, setgid, setpcap, "   \
			   "setuid and sys_chroot; \"none\" is none",                              \
	}

/* Reads linux.capabilities. Warns of those that the default lacks; fails if the daemon cannot give
 * one. */
int capabilities_read(const struct warden_host *host, uint64_t *set, struct warden_error *err);

/* Makes all permitted capabilities effective except those in `except`. -1 and errno. */
int capabilities_use(uint64_t except);

/* Gives up all capabilities but those in `keep`, which become effective, and the inheritable ones.
 * -1 and errno. */
int capabilities_keep(uint64_t keep);

#endif
