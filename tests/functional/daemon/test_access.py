# SPDX-License-Identifier: Apache-2.0
"""Settings of who may talk to the daemon, as far as they need no second user."""

import grp
import os
import pwd

import expect
import warden
from case import case


def _fails(w, text, **settings):
    """The daemon does not start with these settings, and says why."""
    for group, keys in settings.items():
        w.daemon.settings.setdefault(group, {}).update(keys)
    w.daemon.write_config()
    seen = w.program("wardend", "-c", w.daemon.config, "--check-config")
    expect.equal(seen.returncode, 1)
    expect.matches(seen.stderr.decode().splitlines()[0], rf"wardend: \S+/warden.conf:\d+: {text}")


@case(daemon=False)
def an_unknown_owner_is_refused(w):
    _fails(w, "server.unix_domain_owner: there is no user no-such-user", server={"unix_domain_owner": "no-such-user"})


@case(daemon=False)
def an_unknown_group_is_refused(w):
    text = "server.unix_domain_group: there is no group no-such-group"
    _fails(w, text, server={"unix_domain_group": "no-such-group"})


@case(daemon=False)
def unknown_clients_are_refused(w):
    _fails(w, "clients.users: there is no user no-such-user", clients={"users": ["root", "no-such-user"]})


@case(daemon=False)
def ids_that_are_none_are_refused(w):
    text = "clients.read_only_groups: 4294967295 is not the id of a group"
    _fails(w, text, clients={"read_only_groups": ["4294967295"]})


@case(daemon=False, module=False)
def the_socket_gets_a_group_by_name(w):
    group = grp.getgrgid(os.getegid()).gr_name
    w.daemon.settings["server"].update(unix_domain_group=group, unix_domain_permissions="0660")
    w.daemon.start()
    seen = os.stat(w.daemon.socket)
    expect.equal((seen.st_gid, seen.st_mode & 0o777), (os.getegid(), 0o660))


@case(config={"clients": {"users": ["root"], "groups": ["0"], "read_only_users": ["daemon"]}})
def the_daemons_own_user_may_talk_whatever_the_lists_say(w):
    w.c.ping()
    facts = {fact.name: fact.value for fact in w.c.call(warden.StatusRequest()).facts}
    expect.equal(
        facts["who may talk"],
        "root, the daemon's user; users root; groups 0; read-only users daemon; never a container's user",
    )
    expect.matches(facts["socket"], rf"{w.daemon.socket}, mode 0700, owner {os.geteuid()}, group \d+")
    expect.contains(w.command("doctor", "--all").stdout.decode(), "who may talk")


@case(daemon=False)
def names_and_numbers_mean_the_same(w):
    own = pwd.getpwuid(os.geteuid())
    w.daemon.settings["clients"] = {"users": [own.pw_name, str(own.pw_uid)], "groups": [str(own.pw_gid)]}
    w.daemon.start()
    w.c.ping()
