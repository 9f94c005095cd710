# SPDX-License-Identifier: Apache-2.0
"""Paths of the host that a client names while a container may write on them (CVE-2017-1002101, CVE-2021-25741,
CVE-2024-23651): what a container makes of such a path is not followed, also for a client that is root."""

import os

import expect
import warden
from canary import Canary
from case import case

REFUSED = "is not followed"


def _shared(w, canary):
    """A directory that containers may write, with a directory `one` and a link `two` to the canary."""
    shared = w.make_directory("shared", 0o777)
    os.mkdir(f"{shared}/one")
    with open(f"{shared}/one/secret", "w", encoding="utf-8") as file:
        file.write("harmless\n")
    os.symlink(canary.path, f"{shared}/two")
    return shared


def _refused(call):
    try:
        call()
    except warden.WardenError as error:
        return str(error)
    return ""


@case(backend="linux")
def a_link_that_a_container_made_is_no_source(w):
    """CVE-2021-25741: a container leaves a link in a directory that is the source of another's mount or copy."""
    canary = Canary(w)
    shared = w.make_directory("shared", 0o777)
    attacker = w.create(bind_mounts=[(shared, "/shared", "rw")])
    victim = w.create()
    for privileged, name in ((False, "user"), (True, "root")):
        w.run(attacker, f"ln -s {canary.path} /shared/{name}", privileged=privileged)
        source = f"{shared}/{name}"
        for path in (source, f"{source}/secret"):
            seen = _refused(lambda path=path: w.create(bind_mounts=[(path, "/m", "rw")]))
            expect.contains(seen, f"link {source} {REFUSED}")
        for path in (f"{source}/", f"{source}/secret"):
            copy = warden.CopyInRequest(handle=victim, src_path=path, dst_path="/tmp/copy")
            expect.contains(_refused(lambda copy=copy: w.c.call(copy)), f"link {source} {REFUSED}")
        expect.contains(_refused(lambda: w.create(rootfs=source)), REFUSED)
        expect.contains(_refused(lambda: w.create(layers=[source, w.rootfs])), REFUSED)
    canary.check(w.run(victim, "cat /tmp/copy /tmp/copy/* 2>/dev/null; true", privileged=True))


@case(backend="linux")
def links_of_the_host_are_followed(w):
    """The control: links of root in its own directories are followed."""
    source = w.make_directory("source")
    w.file("source/file", "content\n")
    os.symlink(source, f"{w.directory}/link")
    os.symlink("link", f"{w.directory}/again")
    handle = w.create(bind_mounts=[(f"{w.directory}/again", "/m", "ro"), (f"{w.directory}/again/file", "/f", "ro")])
    w.c.call(warden.CopyInRequest(handle=handle, src_path=f"{w.directory}/again/", dst_path="/tmp/copy"))
    expect.equal(w.run(handle, "cat /m/file /f /tmp/copy/file"), "content\n" * 3)


@case(backend="linux")
def a_clients_own_link_is_no_source_where_its_containers_may_write(w):
    """vcap has the uid of a shared directory's owner: a container's link looks like the client's."""
    shared = w.make_directory("home")
    os.mkdir(f"{shared}/private", 0o700)
    os.chown(shared, 65534, 65534)
    os.chown(f"{shared}/private", 65534, 65534)
    attacker = w.create(bind_mounts=[(shared, "/shared", "rw")])
    w.run(attacker, "ln -s private /shared/link")
    expect.equal(os.lstat(f"{shared}/link").st_uid, 65534)
    w.daemon.settings["server"]["unix_domain_permissions"] = "0777"
    w.daemon.restart()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
        client = warden.Client(w.daemon.socket, timeout=20)
        os.write(writer, _refused(lambda: client.create(bind_mounts=[(f"{shared}/link", "/m", "ro")])).encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(pid, 0)
    seen = os.read(reader, 65536).decode()
    os.close(reader)
    expect.contains(seen, f"link {shared}/link {REFUSED}")


def _race(w, move):
    """Calls `move` 200 times while a container exchanges a directory and a link in the shared directory."""
    seconds = 3600
    handle = w.create(bind_mounts=[(f"{w.directory}/shared", "/shared", "rw")])
    w.spawn_ready(handle, f"cd /shared; echo; probe swap one two {seconds}", privileged=True)
    done = 0
    for number in range(200):
        try:
            done += move(number)
        except warden.WardenError as error:
            expect.contains((True,), REFUSED in str(error) or "No such file" in str(error), str(error))
    w.c.destroy(handle)
    expect.between(done, 1, 199, "moves that met the directory; the others met the link")


@case(backend="linux", limit=120, slow=True, long=True)
def a_source_that_is_swapped_for_a_link_is_not_bound(w):
    """CVE-2024-23651: a source is swapped for a link while it is mounted; a client that is root."""
    canary = Canary(w)
    shared = _shared(w, canary)
    output = []

    def move(_number):
        handle = w.create(bind_mounts=[(f"{shared}/one", "/m", "rw"), (f"{shared}/one/secret", "/f", "ro")])
        output.append(w.run(handle, "cat /m/secret /f; echo x > /m/made; true", privileged=True))
        w.c.destroy(handle)
        return 1

    _race(w, move)
    canary.check(*output)


@case(backend="linux", limit=60, slow=True)
def a_source_that_is_swapped_for_a_link_is_not_copied(w):
    """CVE-2018-15664: a source is swapped for a link while it is copied in; a client that is root."""
    canary = Canary(w)
    shared = _shared(w, canary)
    victim = w.create()

    def move(number):
        for i, path in enumerate((f"{shared}/one/", f"{shared}/one/secret")):
            w.c.call(warden.CopyInRequest(handle=victim, src_path=path, dst_path=f"/tmp/{number}-{i}"))
        return 1

    _race(w, move)
    canary.check(w.run(victim, "cat /tmp/*-1 /tmp/*/secret", privileged=True))
