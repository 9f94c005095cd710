# SPDX-License-Identifier: Apache-2.0
"""The leak check itself: each case leaves something on purpose, and passes if that is found."""

import os
import socket
import subprocess

from case import case
import kernel
import leaks


@case(backend="fake", leaves="process")
def a_process_is_found(w):
    subprocess.Popen(["sleep", "600"], stdin=subprocess.DEVNULL, start_new_session=True)


@case(backend="fake", leaves="file")
def a_file_in_the_depot_is_found(w):
    with open(f"{w.daemon.depot}/left", "w", encoding="utf-8"):
        pass


@case(backend="fake", leaves="file")
def a_file_in_the_depots_tmp_is_found(w):
    w.c.destroy(w.create())
    os.makedirs(f"{w.daemon.depot}/tmp/left", exist_ok=True)


@case(backend="fake", leaves="descriptor of the daemon")
def a_connection_is_found(w):
    # The harness closes what it knows; this one it does not.
    left = socket.socket(socket.AF_UNIX)
    left.connect(w.daemon.socket)
    w.kept = left


@case(backend="linux", leaves="mount")
def a_mount_is_found(w):
    kernel.mount("tmpfs", w.make_directory("left"), "tmpfs")


@case(backend="linux", leaves="link")
def a_link_is_found(w):
    subprocess.run(["ip", "link", "add", "w-left-0", "type", "veth", "peer", "name", "w-left-1"], check=True)


@case(backend="linux", leaves="nft rule")
def a_rule_is_found(w):
    subprocess.run(["nft", "add", "table", "inet", "left"], check=True)


@case(backend="linux", leaves="IPC object")
def an_ipc_object_is_found(w):
    subprocess.run(["ipcmk", "-Q"], check=True, stdout=subprocess.DEVNULL)


@case(backend="linux", leaves="namespace")
def a_namespace_is_found(w):
    subprocess.Popen(["unshare", "-u", "sleep", "600"], stdin=subprocess.DEVNULL, start_new_session=True)


@case(backend="linux", leaves="cgroup")
def a_control_group_is_found(w):
    w.create()
    os.mkdir(f"{os.path.dirname(min(leaks.container_groups()))}/instance-leftonpurpo")
    w.ids.add("leftonpurpo")
