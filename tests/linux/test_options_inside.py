# SPDX-License-Identifier: Apache-2.0
"""The options of Create as a container sees them."""

import os

import expect
import kernel
import warden
from case import case


def _tree(w, name, files, **kwargs):
    """A directory with these files; its path."""
    path = w.make_directory(name, **kwargs)
    for file, text in files.items():
        os.makedirs(os.path.dirname(f"{path}/{file}"), exist_ok=True)
        with open(f"{path}/{file}", "w", encoding="utf-8") as out:
            out.write(text)
    return path


@case(backend="linux")
def the_host_name_is_the_requested_one(w):
    handle = w.create(hostname="build-7.example")
    address = w.c.info(handle).container_ip
    expect.equal(w.run(handle, "uname -n; cat /etc/hostname"), "build-7.example\n" * 2)
    expect.equal(w.run(handle, "cat /etc/hosts"), f"127.0.0.1 localhost\n{address} build-7.example {handle}\n")


@case(backend="linux")
def hosts_and_dns_servers_are_in_etc(w):
    handle = w.create(hosts=["192.0.2.7 db \t db.example", "2001:db8::1 six"], dns_servers=["192.0.2.53", "2001:db8::53"])
    lines = w.run(handle, "cat /etc/hosts").splitlines()
    expect.equal(lines[2:], ["192.0.2.7 db db.example", "2001:db8::1 six"])
    expect.equal(w.run(handle, "cat /etc/resolv.conf"), "nameserver 192.0.2.53\nnameserver 2001:db8::53\n")


@case(backend="linux", config={"network": {"dns_servers": ["peter", "192.0.2.1", "2001:db8::1"]}})
def name_servers_are_lines_as_they_are_configured(w):
    seen = w.run(w.create(), "cat /etc/resolv.conf")
    expect.equal(seen, "nameserver peter\nnameserver 192.0.2.1\nnameserver 2001:db8::1\n")
    expect.equal(w.daemon.log().count("network.dns_servers"), 1)
    expect.contains(w.daemon.log(), "network.dns_servers: peter is no address")


@case(backend="linux", config={"network": {"dns_servers": ["192.0.2.1"]}})
def dns_servers_of_create_override_the_configured_ones(w):
    expect.equal(w.run(w.create(), "cat /etc/resolv.conf"), "nameserver 192.0.2.1\n")
    expect.equal(w.run(w.create(dns_servers=["192.0.2.2"]), "cat /etc/resolv.conf"), "nameserver 192.0.2.2\n")


@case(backend="linux")
def shm_has_the_requested_size(w):
    handle = w.create(shm_bytes=1 << 20)
    expect.equal(w.run(handle, "stat -f -c %b,%S /dev/shm"), "256,4096\n")
    expect.equal(w.c.run(handle, "head -c 2000000 /dev/zero > /dev/shm/file").exit_status, 1)
    expect.equal(w.run(handle, "stat -c %s /dev/shm/file"), "1048576\n")


@case(backend="linux")
def a_writable_layer_on_a_tmpfs_is_full_at_its_size(w):
    handle = w.create(tmpfs_bytes=4 << 20, tmpfs_inodes=200)
    w.run(handle, "head -c 1000000 /dev/zero > /tmp/a && echo x >> /etc/profile", privileged=True)
    for privileged in (False, True):
        seen = w.c.run(handle, "head -c 5000000 /dev/zero > /tmp/b", privileged=privileged)
        expect.equal(seen.exit_status, 1)
        expect.between(int(w.run(handle, "stat -c %s /tmp/b; rm -f /tmp/b", privileged=privileged)), 2 << 20, 3500000)
    seen = w.c.run(handle, "for i in $(seq 300); do : > /tmp/f$i || exit 1; done")
    expect.true(seen.exit_status == 1, "inodes run out", seen)
    expect.equal(os.listdir(f"{w.path_of(handle)}/tmp"), [], "in the directory")
    w.run(w.create(), "head -c 5000000 /dev/zero > /tmp/b")


@case(backend="linux")
def files_on_a_tmpfs_have_the_right_owners(w):
    handle = w.create(tmpfs_bytes=4 << 20)
    expect.equal(w.run(handle, "touch /tmp/f ~/f; stat -c %U /tmp/f ~ ~/f / /etc/passwd"), "vcap\nvcap\nvcap\nroot\nroot\n")
    expect.equal(w.run(handle, "touch /f; stat -c %U:%a / /f /tmp", privileged=True), "root:755\nroot:644\nroot:1777\n")
    w.daemon.restart()
    w.disconnect()
    expect.equal(w.run(handle, "ls /f"), "/f\n")


@case(backend="linux")
def several_layers_are_one_tree_with_the_topmost_over_the_others(w):
    top = _tree(w, "top", {"both": "top\n", "etc/only-top": "1\n"})
    middle = _tree(w, "middle", {"both": "middle\n", "two": "middle\n"})
    handle = w.create(layers=[top, middle, w.rootfs])
    expect.equal(w.run(handle, "cat /both /two /etc/only-top"), "top\nmiddle\n1\n")
    expect.equal(w.c.info(handle).rootfs, top)
    w.run(handle, "echo new > /both", privileged=True)
    expect.equal(w.run(handle, "cat /both; id -un; stat -c %U /both"), "new\nvcap\nroot\n")
    expect.equal(kernel.read(f"{top}/both"), "top\n")
    for tmpfs in (None, 4 << 20):
        many = [_tree(w, f"l{tmpfs}{i}", {"both": f"{i}\n", f"f{i}": ""}) for i in range(20)]
        handle = w.create(layers=[*many, w.rootfs], tmpfs_bytes=tmpfs)
        expect.equal(w.run(handle, "cat /both; ls -d /f* | wc -l"), "0\n20\n")


@case(backend="linux")
def the_most_layers_work(w):
    empty = [w.make_directory(f"l{i}") for i in range(63)]
    expect.equal(w.run(w.create(layers=[*empty, w.rootfs]), "echo yes"), "yes\n")


@case(backend="linux")
def layers_are_not_changed(w):
    layer = _tree(w, "layer", {"file": "x\n"})
    w.run(w.create(layers=[layer, w.rootfs]), "echo y > /file; rm -r /etc; touch /new", privileged=True)
    expect.equal(os.listdir(layer), ["file"])
    expect.equal(kernel.read(f"{layer}/file"), "x\n")


def _as_nobody(w, **fields):
    """The error of a create by a client that is not root."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
        with warden.Client(w.daemon.socket, timeout=20) as client:
            try:
                answer = client.create(grace_time=0, **fields)
            except warden.WardenError as error:
                answer = str(error)
        os.write(writer, answer.encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(pid, 0)
    with os.fdopen(reader, "rb") as file:
        return file.read().decode()


@case(backend="linux", config={"server": {"unix_domain_permissions": "0777"}})
def layers_and_their_json_files_are_read_with_the_clients_rights(w):
    w.make_directory("secret", 0o700)
    closed, secret = _tree(w, "secret/layer", {"file": "x\n"}), _tree(w, "open", {"file": "x\n"})
    w.file("open.json", '{"env": ["SECRET=1"]}', 0o600)
    os.chmod(w.directory, 0o755)
    for _ in range(20):  # on every worker there is
        expect.matches(_as_nobody(w, layers=[closed, w.rootfs]), ".*: Permission denied")
        expect.equal(_as_nobody(w, layers=[secret, w.rootfs]), f"open {secret}.json: Permission denied")
    for layer in (closed, secret):
        for _ in range(10):
            w.c.destroy(w.create(layers=[layer, w.rootfs]))  # root may, as before
    os.chmod(f"{secret}.json", 0o644)
    handle = _as_nobody(w, layers=[secret, w.rootfs])
    expect.equal(w.run(handle, "echo $SECRET; cat /file"), "1\nx\n")
    w.note_ids()


@case(backend="linux")
def a_vcap_of_a_lower_layer_keeps_its_files(w):
    lower = _tree(w, "lower", {"etc/passwd": "root:x:0:0::/root:/bin/sh\nvcap:x:4321:4321::/home/vcap:/bin/sh\n", "mine": "x\n"})
    os.chown(f"{lower}/mine", 4321, 4321)
    top = _tree(w, "top", {"other": ""})
    for tmpfs in (None, 4 << 20):
        handle = w.create(layers=[top, lower, w.rootfs], tmpfs_bytes=tmpfs)
        expect.equal(w.run(handle, "stat -c %U /mine; echo y >> /mine; stat -c %U /mine"), "vcap\nvcap\n")


@case(backend="linux")
def an_image_sets_the_defaults_of_its_commands_and_scripts(w):
    top = _tree(w, "top", {"srv/x": ""})
    w.file("top.json", '{"env": ["A=image", "B=image"], "working_dir": "/srv", "user": "root"}')
    handle = w.create(layers=[top, w.rootfs], env=["B=container"])
    for _ in range(2):
        script = "echo $A $B $(pwd) $(id -un)"
        seen = w.c.call(warden.RunRequest(handle=handle, argv=["sh", "-c", script]))
        expect.result(seen, 0, b"image container /srv root\n")
        request = warden.RunRequest(handle=handle, argv=["sh", "-c", script], user="vcap", working_dir="/tmp")
        expect.result(w.c.call(request), 0, b"image container /tmp vcap\n")
        expect.equal(w.run(handle, "echo $A $B; pwd; id -un"), "image container\n/srv\nroot\n")
        w.daemon.restart()
        w.disconnect()


@case(backend="linux")
def settings_of_the_topmost_image_that_has_some_apply(w):
    top, lower = _tree(w, "top", {"a": ""}), _tree(w, "lower", {"b": ""})
    w.file("lower.json", '{"env": ["A=lower"]}')
    expect.equal(w.run(w.create(layers=[top, lower, w.rootfs]), "echo $A"), "lower\n")
    w.file("top.json", '{"env": ["B=top"]}')
    expect.equal(w.run(w.create(layers=[top, lower, w.rootfs]), "echo $A $B"), "top\n")
