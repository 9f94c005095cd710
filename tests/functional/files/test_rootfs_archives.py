# SPDX-License-Identifier: Apache-2.0
"""warden-rootfs makes a root file system from a tar, and from an image in each of its forms."""

import json
import os
import pty
import shutil
import signal
import subprocess
import time
import unicodedata

import expect
import images
from case import Skip, case
from images import device, directory, file, link, overlay_opaque, overlay_whiteout, symlink, tar

SYSTEM = (directory("./etc"), directory("./usr"), file("./etc/hostname", b"box\n"))


def _start(world, *arguments, **keywords):
    if not world.build.has("unpack"):
        raise Skip("needs libarchive")
    return subprocess.Popen(
        ["bash", world.build.path("warden-rootfs"), *arguments],
        cwd=world.directory,
        env=world.program_environment(),
        **keywords,
    )


def _run(world, *arguments, stdin=b""):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = _start(world, *arguments, **pipes)
    stdout, stderr = process.communicate(stdin, timeout=20)
    return process.returncode, stdout.decode(), stderr.decode()


def _store(world, name, data):
    with open(f"{world.directory}/{name}", "wb") as stream:
        stream.write(data)
    return name


def _made(world, *arguments, stdin=b""):
    """Makes a root file system in `made`, which must succeed without output; returns its path."""
    expect.equal(_run(world, *arguments, "made", stdin=stdin), (0, "", ""))
    expect.equal([name for name in os.listdir(world.directory) if name.startswith(".")], [])
    return f"{world.directory}/made"


def _refused(world, text, *arguments, status=1, target="made"):
    before = sorted(os.listdir(world.directory))
    seen, stdout, stderr = _run(world, *arguments, target)
    expect.equal((seen, stdout), (status, ""), stderr)
    expect.contains(stderr, text)
    expect.equal(sorted(os.listdir(world.directory)), before, "files beside the target")


def _tar_refused(world, text, *entries):
    _refused(world, text, "--tar", _store(world, "x.tar", tar(*SYSTEM, *entries)))


def _read(path):
    with open(path, "rb") as stream:
        return stream.read()


def _files(root):
    """All paths in it, relative to its root."""
    return sorted(
        os.path.relpath(f"{above}/{name}", root)
        for above, directories, files in os.walk(root)
        for name in directories + files
    )


def _layers(world, *layers, **keywords):
    """The root file system of an image of these layers, made from its layout."""
    layout = images.Layout(f"{world.directory}/layout").add([tar(*layer) for layer in layers], **keywords)
    return _made(world, "--oci", layout.close())


def _defaults(world):
    return json.loads(_read(f"{world.directory}/made.json"))


# A tar.


@case(daemon=False)
def a_tar_becomes_files_of_every_kind(world):
    entries = (
        *SYSTEM,
        directory("./var", 0o2775),
        file("./usr/program", b"x" * 100_000, 0o750),
        symlink("./usr/alias", "program"),
        symlink("./var/run", "/run"),
        link("./usr/twin", "./usr/program"),
        file("implied/below/file", b"content"),
    )
    root = _made(world, "--tar", _store(world, "x.tar", tar(*entries)))
    expect.equal(_read(f"{root}/usr/program"), b"x" * 100_000)
    expect.equal(_read(f"{root}/implied/below/file"), b"content")
    expect.equal(os.readlink(f"{root}/usr/alias"), "program")
    expect.equal(os.readlink(f"{root}/var/run"), "/run")
    expect.true(os.path.samefile(f"{root}/usr/twin", f"{root}/usr/program"), "a hard link")
    modes = {name: oct(os.stat(f"{root}/{name}").st_mode & 0o7777) for name in ("usr/program", "var", ".")}
    expect.equal(modes, {"usr/program": "0o750", "var": "0o2775", ".": "0o755"})
    expect.equal({os.lstat(f"{root}/{name}").st_mtime for name in ("usr", "usr/program", "var/run")}, {1e9})
    expect.true(not os.path.exists(f"{root}.json"), "no defaults")


@case(daemon=False)
def a_tar_may_be_compressed_or_come_from_standard_input(world):
    data = tar(*SYSTEM)
    for suffix in ("+gzip", "+xz"):
        root = _made(world, "--tar", _store(world, "x", images.COMPRESSORS[suffix](data)))
        expect.equal(_read(f"{root}/etc/hostname"), b"box\n", suffix)
        shutil.rmtree(root)
    if shutil.which("zstd"):
        data = subprocess.run(["zstd", "-q"], input=data, capture_output=True, check=True).stdout
    root = _made(world, "--tar", "-", stdin=data)
    expect.equal(_read(f"{root}/etc/hostname"), b"box\n")


@case(daemon=False)
def bytes_of_names_are_unchanged(world):
    names = [unicodedata.normalize("NFD", "é"), unicodedata.normalize("NFC", "ü"), "a\tb", "x" * 200]
    links = [symlink(f"link{number}", name) for number, name in enumerate(names)]
    root = _made(world, "--tar", _store(world, "x.tar", tar(*SYSTEM, *links, *(file(name) for name in names))))
    expect.equal([os.readlink(f"{root}/link{number}") for number in range(len(names))], names)
    for number in range(len(names)):
        os.unlink(f"{root}/link{number}")
    expect.equal(sorted(set(os.listdir(root)) - {"etc", "usr"}), sorted(names))


@case(daemon=False)
def root_keeps_owners_and_other_users_own_all_files(world):
    entries = (
        *SYSTEM,
        directory("home", uid=1000, gid=1001),
        file("home/file", uid=60000, gid=5),
        symlink("home/link", "file", uid=7, gid=8),
    )
    root = _made(world, "--tar", _store(world, "x.tar", tar(*entries)))
    wanted = {"home": (1000, 1001), "home/file": (60000, 5), "home/link": (7, 8)}
    for name, owner in wanted.items():
        status = os.lstat(f"{root}/{name}")
        mine = (os.geteuid(), os.getegid())
        expect.equal((status.st_uid, status.st_gid), owner if os.geteuid() == 0 else mine, name)


@case(daemon=False)
def files_of_ids_that_containers_do_not_have_are_named(world):
    entries = (*SYSTEM, file("fine", uid=65535, gid=65535), file("one", uid=65536), file("two", gid=100000))
    seen = _run(world, "--tar", _store(world, "x.tar", tar(*entries)), "made")
    text = "warden-rootfs: warning: 2 files have owners above 65535, which containers do not have: inside they are "
    text += "nobody's; change their owners. The first is one (65536:0)\n"
    expect.equal(seen, (0, "", text if os.geteuid() == 0 else ""))
    if os.geteuid() == 0:
        with open(f"{world.directory}/made.json", encoding="utf-8") as defaults:
            expect.equal(json.load(defaults), {"unmapped_owners": {"files": 2, "first": "one (65536:0)"}})


@case(daemon=False)
def programs_lose_setuid_bits_unless_root_keeps_them(world):
    data = tar(*SYSTEM, file("su", b"x", 0o4755), file("mail", b"x", 0o2755))
    _store(world, "x.tar", data)
    for option, kept in (([], 0), (["--keep-setuid"], 0o6000 if os.geteuid() == 0 else 0)):
        root = _made(world, "--tar", "x.tar", *option)
        for name, bit in (("su", 0o4000), ("mail", 0o2000)):
            expect.equal(oct(os.stat(f"{root}/{name}").st_mode & 0o7777), oct(0o755 | (bit & kept)), name)
        shutil.rmtree(root)


@case(daemon=False)
def directories_that_forbid_writing_are_filled_and_can_be_removed(world):
    root = _made(world, "--tar", _store(world, "x.tar", tar(*SYSTEM, directory("d", 0o555), file("d/f"))))
    expect.true(os.path.exists(f"{root}/d/f"), "d/f")
    _made(world, "--force", "--tar", "x.tar")


@case(daemon=False)
def a_later_entry_replaces_an_earlier_link_not_its_target(world):
    entries = (
        *SYSTEM,
        file("kept", b"kept"),
        symlink("a", "kept"),
        link("b", "kept"),
        file("a", b"new"),
        file("b", b"new"),
        directory("c"),
        file("c/below"),
        file("c", b"new"),
    )
    root = _made(world, "--tar", _store(world, "x.tar", tar(*entries)))
    expect.equal([_read(f"{root}/{name}") for name in ("kept", "a", "b", "c")], [b"kept"] + [b"new"] * 3)


@case(daemon=False)
def a_link_out_of_the_root_leads_inside_or_nowhere(world):
    outside = f"{world.directory}/outside"
    os.mkdir(outside)
    secret = world.file("outside/secret", "precious")
    entries = (symlink("out", outside), file("out/evil", b"1"), symlink("up", "../../.."), file("up/evil", b"2"))
    root = _made(world, "--tar", _store(world, "x.tar", tar(*SYSTEM, *entries)))
    expect.equal((_read(f"{root}/{outside}/evil"), _read(f"{root}/evil")), (b"1", b"2"))
    expect.equal((os.readlink(f"{root}/out"), os.readlink(f"{root}/up")), (outside, "../../.."))
    shutil.rmtree(root)
    _tar_refused(world, f"hard: a hard link to {secret[1:]}", link("hard", secret))
    _tar_refused(world, "hard: a hard link to secret: No such", link("hard", "../outside/../secret"))
    _tar_refused(world, "a: a hard link to nothing", link("a", "nothing"))
    _tar_refused(world, "hard: a hard link to d/secret", symlink("d", outside), link("hard", "d/secret"))
    _tar_refused(world, "loop/x: Too many levels", symlink("loop", "loop"), file("loop/x"))
    expect.equal((os.stat(secret).st_nlink, os.listdir(outside)), (1, ["secret"]))


@case(daemon=False)
def an_incomplete_tar_is_refused(world):
    data = images.COMPRESSORS["+gzip"](tar(*SYSTEM, file("big", os.urandom(200_000))))
    _refused(world, "x: truncated gzip input", "--tar", _store(world, "x", data[:100_000]))
    _refused(world, "x: Truncated tar archive", "--tar", _store(world, "x", tar(file("big", b"x" * 9999))[:5000]))
    _refused(world, "x: Unrecognized archive format", "--tar", _store(world, "x", b"no tar at all" * 100))
    _refused(world, "x: there is nothing in it", "--tar", _store(world, "x", tar()))
    _refused(world, "x: Unrecognized archive format", "--tar", _store(world, "x", b""))
    _refused(world, "none: open it: No such file or directory", "--tar", "none")
    os.mkdir(f"{world.directory}/directory")
    _refused(world, "directory: it is a directory, not a tar", "--tar", "directory")


@case(daemon=False)
def control_characters_of_a_name_do_not_reach_the_terminal(world):
    _tar_refused(world, "\\x1b[31m\\n: a hard link to nothing", link("\x1b[31m\n", "nothing"))


# Layers.


@case(daemon=False)
def a_layer_hides_files_and_directories_of_those_below(world):
    below = (*SYSTEM, file("a"), directory("d"), file("d/x"), directory("d/e"), file("d/e/y"), file("b"))
    above = (file(".wh.a"), directory("d"), file("d/.wh.e"), file("c"), file("d/.wh.never-there"))
    expect.equal(_files(_layers(world, below, above)), ["b", "c", "d", "d/x", "etc", "etc/hostname", "usr"])


@case(daemon=False)
def an_opaque_directory_has_only_the_files_of_its_layer(world):
    below = (*SYSTEM, directory("d"), file("d/old"), directory("d/e"), file("d/e/old"))
    above = (directory("d"), file("d/before"), file("d/.wh..wh..opq"), directory("d/e"), file("d/e/after"))
    root = _layers(world, below, above)
    expect.equal(_files(f"{root}/d"), ["before", "e", "e/after"])


@case(daemon=False)
def an_opaque_root_hides_all_lower_layers(world):
    root = _layers(world, (*SYSTEM, file("a")), (file("b"), file(".wh..wh..opq")))
    expect.equal(_files(root), ["b"])


@case(daemon=False)
def a_layer_may_hide_a_name_and_add_it_again(world):
    root = _layers(world, (*SYSTEM, file("a", b"old")), (file("a", b"new"), file(".wh.a")))
    expect.equal(_read(f"{root}/a"), b"new")


@case(daemon=False)
def a_layer_may_replace_an_entry_by_another_kind(world):
    below = (
        *SYSTEM,
        directory("usr/lib"),
        file("usr/lib/kept"),
        symlink("lib", "usr/lib"),
        file("f"),
        directory("d"),
        file("d/x"),
    )
    above = (directory("lib"), file("lib/.wh.kept"), file("lib/new"), directory("f"), file("f/y"), file("d"))
    root = _layers(world, below, above)
    seen = [name for name in _files(root) if not name.startswith("etc")]
    expect.equal(seen, ["d", "f", "f/y", "lib", "lib/new", "usr", "usr/lib", "usr/lib/kept"])


@case(daemon=False)
def a_link_of_a_lower_layer_is_followed_inside(world):
    outside = f"{world.directory}/outside"
    os.mkdir(outside)
    below = (*SYSTEM, directory("usr/lib"), symlink("lib", "/usr/lib"), symlink("out", outside))
    root = _layers(world, below, (file("lib/x", b"x"), file("out/y", b"y")))
    expect.equal((_read(f"{root}/usr/lib/x"), _read(f"{root}/{outside}/y")), (b"x", b"y"))
    expect.equal((os.listdir(outside), os.readlink(f"{root}/out")), ([], outside))


@case(daemon=False)
def a_member_below_a_file_of_a_lower_layer_replaces_it(world):
    root = _layers(world, (*SYSTEM, file("f"), symlink("l", "f")), (file("f/x/y", b"y"),))
    expect.equal(_read(f"{root}/l/x/y"), b"y")


@case(daemon=False)
def marks_of_overlay_and_aufs_work_and_never_show(world):
    below = (*SYSTEM, file("a"), directory("d"), file("d/old"), directory("e"), file("e/old"), file("f"))
    above = (
        overlay_whiteout("a"),
        overlay_opaque("d"),
        file("d/new"),
        directory("e"),
        file("e/.wh..wh..opq"),
        directory(".wh..wh.plnk"),
        file(".wh..wh.plnk/12.34", b"linked"),
        link("one", ".wh..wh.plnk/12.34"),
        link("two", "/.wh..wh.plnk/12.34"),
        directory(".wh..wh.orph"),
        file(".wh..wh.orph/x"),
        file("/.wh..wh.aufs"),
        file("./.wh.f"),
        directory(".wh.g"),
        file(".wh.g/below"),
    )
    root = _layers(world, below, above)
    expect.equal(_files(root), ["d", "d/new", "e", "etc", "etc/hostname", "one", "two", "usr"])
    expect.equal((_read(f"{root}/one"), _read(f"{root}/two")), (b"linked", b"linked"))


@case(daemon=False)
def a_whiteout_reaches_nothing_outside(world):
    precious = world.file("outside/precious", "x") if os.makedirs(f"{world.directory}/outside") is None else ""
    below = (*SYSTEM, symlink("out", f"{world.directory}/outside"))
    for number, name in enumerate((".wh...", ".wh..", ".wh.", "etc/.wh...")):
        path = f"{world.directory}/layout{number}"
        layout = images.Layout(path).add([tar(*below), tar(file(name))]).close()
        _refused(world, f"{name}: a whiteout of no name", "--oci", layout)
    _layers(world, below, (file("out/.wh.precious"), file("out/.wh..wh..opq")))
    expect.equal(os.listdir(os.path.dirname(precious)), ["precious"])


@case(daemon=False)
def a_plain_tar_has_no_whiteouts(world):
    root = _made(world, "--tar", _store(world, "x.tar", tar(*SYSTEM, file("a"), file(".wh.a"))))
    expect.equal(sorted(set(os.listdir(root)) - {"etc", "usr"}), [".wh.a", "a"])


@case(daemon=False)
def a_layer_without_the_end_of_its_last_block_is_whole_and_one_without_more_is_not(world):
    layer = tar(*SYSTEM, file("x", b"content"))
    end = layer.index(b"content") + len(b"content")
    for compression in ("", "+gzip"):
        for size in (end, end + 100, end + 505):
            layout = images.Layout(f"{world.directory}/{size}{compression}")
            layout.add([layer[:size]], compression=compression).close()
            root = _made(world, "--oci", layout.path, "--force")
            expect.equal(_read(f"{root}/x"), b"content", f"{size} bytes")
    shutil.rmtree(root)
    os.unlink(f"{root}.json")
    for size in (end - 1, end - 7, end - 300):
        layout = images.Layout(f"{world.directory}/{size}").add([layer[:size]])
        _refused(world, "layer 1 of 1: ", "--oci", layout.close())


# Images.


@case(daemon=False)
def the_images_settings_are_stored_next_to_it(world):
    of_jobs = {"Env": ["PATH=/bin", "EMPTY=", "A=b=c"], "WorkingDir": "/srv", "User": "app:staff", "Cmd": ["x"]}
    _layers(world, SYSTEM, of_jobs=of_jobs)
    wanted = {"env": ["PATH=/bin", "EMPTY=", "A=b=c"], "working_dir": "/srv", "user": "app:staff"}
    expect.equal(_defaults(world), wanted)
    status = os.stat(f"{world.directory}/made.json")
    expect.equal((oct(status.st_mode & 0o7777), status.st_uid), ("0o644", os.geteuid()))


@case(daemon=False)
def the_last_of_equal_variables_counts_and_a_relative_directory_is_below_root(world):
    _layers(world, SYSTEM, of_jobs={"Env": ["A=1", "AB=2", "A=3\n"], "WorkingDir": "srv"})
    expect.equal(_defaults(world), {"env": ["A=3\n", "AB=2"], "working_dir": "/srv", "user": ""})


@case(daemon=False)
def an_image_without_settings_has_empty_defaults(world):
    _layers(world, SYSTEM)
    expect.equal(_defaults(world), {"env": [], "working_dir": "", "user": ""})


@case(daemon=False)
def every_form_of_an_image_gives_the_same_tree(world):
    of_jobs = {"Env": ["A=b"], "User": "1000"}
    layers = [tar(*SYSTEM, file("a", b"1"), file("b")), tar(file("a", b"2"), file(".wh.b"))]
    forms = [("--docker-archive", _store(world, "docker.tar", images.docker_archive(layers, of_jobs)))]
    for number, compression in enumerate(("", "+gzip", "+xz")):
        path = images.Layout(f"{world.directory}/oci{number}").add(layers, of_jobs, compression=compression).close()
        forms += [("--oci", path), ("--oci", _store(world, f"oci{number}.tar", images.tar_of(path)))]
    for form in forms:
        root = _made(world, *form)
        expect.equal(_files(root), ["a", "etc", "etc/hostname", "usr"], form)
        expect.equal(_read(f"{root}/a"), b"2", form)
        expect.equal(_defaults(world), {"env": ["A=b"], "working_dir": "", "user": "1000"}, form)
        shutil.rmtree(root)
        os.unlink(f"{root}.json")


@case(daemon=False)
def layers_may_be_compressed_with_zstd(world):
    if not shutil.which("zstd"):
        raise Skip("needs zstd")

    def compress(data):
        return subprocess.run(["zstd", "-q"], input=data, capture_output=True, check=True).stdout

    expect.equal(_files(_layers(world, SYSTEM, compression=compress)), ["etc", "etc/hostname", "usr"])


@case(daemon=False)
def layers_of_a_docker_archive_may_be_links_and_compressed(world):
    layer = tar(*SYSTEM)
    root = _made(world, "--docker-archive", _store(world, "x.tar", images.docker_archive([layer, layer])))
    expect.equal(_files(root), ["etc", "etc/hostname", "usr"])
    zipped = images.COMPRESSORS["+gzip"](images.docker_archive([layer]))
    _made(world, "--force", "--docker-archive", "-", stdin=zipped)


@case(daemon=False)
def one_of_several_images_is_selected_by_name(world):
    layout = images.Layout(f"{world.directory}/layout")
    layout.add([tar(*SYSTEM, file("one"))], name="first").add([tar(*SYSTEM, file("two"))], name="second").close()
    _refused(world, "several images, choose one with --image: first, second", "--oci", "layout")
    _refused(world, "it holds no image third for linux on", "--image", "third", "--oci", "layout")
    root = _made(world, "--oci", "layout", "--image", "second")
    expect.true(os.path.exists(f"{root}/two"), "two")
    _store(world, "x.tar", images.docker_archive([tar(*SYSTEM)], tags=["a/b:latest", "c:1"]))
    _refused(world, "it holds no image d: a/b:latest, c:1", "--docker-archive", "x.tar", "--image", "d", target="x")
    _made(world, "--docker-archive", "x.tar", "--image", "a/b", "--force")


@case(daemon=False)
def what_a_message_names_can_be_typed(world):
    layout = images.Layout(f"{world.directory}/layout")
    platform = {"platform": {"os": "linux", "architecture": "pdp11"}}
    for name in ("one", "two"):
        layout.manifests.append(layout.image([tar(*SYSTEM, file(name))], architecture="pdp11", **platform))
    digests = [manifest["digest"] for manifest in layout.manifests]
    text = f"it holds no image for linux on {images.ARCHITECTURE}: {digests[0]} (pdp11), {digests[1]} (pdp11)"
    _refused(world, text, "--oci", layout.close())
    seen = _run(world, "--oci", "layout", "--image", digests[1], "made")
    expect.equal(seen, (0, "", "warden-rootfs: warning: the image is for another machine: pdp11\n"))
    expect.true(os.path.exists(f"{world.directory}/made/two"), "two")
    both = images.docker_archives([([tar(*SYSTEM, file(name))], None) for name in ("one", "two")])
    _store(world, "x.tar", both)
    _, _, said = _run(world, "--docker-archive", "x.tar", "x")
    ids = said.split("--image: ")[1].split(", ")
    expect.equal((len(ids), len(ids[0])), (2, 12), said)
    root = _made(world, "--force", "--docker-archive", "x.tar", "--image", ids[1].strip())
    expect.true(os.path.exists(f"{root}/two"), "two")


@case(daemon=False)
def the_first_best_of_several_that_fit_is_taken(world):
    """As containerd does: the plain variant before one that needs a newer machine, and the first of equal ones."""
    fits = {"os": "linux", "architecture": images.ARCHITECTURE}
    platforms = ({**fits, "variant": "v9"}, {**fits, "os": "windows"}, fits, fits, None)
    for nested in (False, True):
        layout = images.Layout(f"{world.directory}/{nested}")
        manifests = [
            layout.image([tar(*SYSTEM, file(f"n{number}"))], **({"platform": platform} if platform else {}))
            for number, platform in enumerate(platforms)
        ]
        index = {"schemaVersion": 2, "manifests": manifests}
        layout.manifests = [layout.json(index, images.INDEX_TYPE)] if nested else manifests
        root = _made(world, "--force", "--oci", layout.close())
        expect.true(os.path.exists(f"{root}/n2"), f"{os.listdir(root)}")


@case(daemon=False)
def the_image_for_this_machine_is_chosen(world):
    layout = images.Layout(f"{world.directory}/layout")
    manifests = []
    for architecture in ("s390x-not", images.ARCHITECTURE):
        fields = {"platform": {"os": "linux", "architecture": architecture}}
        layer = tar(*SYSTEM, file(architecture))
        manifests.append(layout.image([layer], architecture=architecture, **fields))
    attestation = {"annotations": {"vnd.docker.reference.type": "attestation-manifest"}}
    manifests.append(layout.image([tar(*SYSTEM)], **attestation))
    index = {"schemaVersion": 2, "manifests": manifests}
    layout.manifests.append(layout.json(index, images.INDEX_TYPE))
    root = _made(world, "--oci", layout.close())
    expect.true(os.path.exists(f"{root}/{images.ARCHITECTURE}"), "the file of this machine's image")


@case(daemon=False)
def an_image_for_another_machine_is_a_warning(world):
    images.Layout(f"{world.directory}/layout").add([tar(*SYSTEM)], architecture="pdp11").close()
    expect.equal(
        _run(world, "--oci", "layout", "made"),
        (0, "", "warden-rootfs: warning: the image is for another machine: pdp11\n"),
    )


@case(daemon=False)
def a_broken_image_is_refused_and_nothing_is_left(world):
    def spoiled(name, spoil):
        layout = images.Layout(f"{world.directory}/{name}")
        layout.add([tar(*SYSTEM), tar(file("a"))])
        spoil(layout)
        layout.close()
        return "--oci", name

    def layer_of(layout, number=1):
        manifest = json.loads(_read(layout.blob_path(layout.manifests[0]["digest"])))
        return layout.blob_path(manifest["layers"][number]["digest"])

    def change(path):
        with open(path, "r+b") as stream:
            stream.seek(20)
            byte = stream.read(1)
            stream.seek(20)
            stream.write(bytes([byte[0] ^ 1]))

    refused = (
        ("layer 2 of 2: blobs/sha256/", lambda layout: change(layer_of(layout))),
        ("is broken: its digest is", lambda layout: change(layer_of(layout, 0))),
        ("is broken: its digest is", lambda l: change(l.blob_path(l.manifests[0]["digest"]))),
        ("No such file or directory", lambda layout: os.unlink(layer_of(layout))),
        ("is no sha256 or sha512 digest", lambda l: l.manifests[0].update(digest="sha256:../../../x")),
        ("a blob has no digest", lambda layout: layout.manifests[0].pop("digest")),
        ("it holds no image for linux", lambda layout: layout.manifests.clear()),
    )
    for number, (text, spoil) in enumerate(refused):
        _refused(world, text, *spoiled(f"layout{number}", spoil))
    os.mkdir(f"{world.directory}/empty")
    _refused(world, "empty: it is no OCI image layout: open oci-layout", "--oci", "empty")
    _store(world, "x.tar", tar(*SYSTEM))
    _refused(world, "x.tar: it is no OCI image layout", "--oci", "x.tar")
    _refused(world, "x.tar: it is nothing that docker save wrote", "--docker-archive", "x.tar")


@case(daemon=False)
def a_broken_docker_archive_is_refused(world):
    layers = [tar(*SYSTEM, file("a", b"right"))]
    data = images.docker_archive(layers)
    _store(world, "x.tar", data.replace(b"right", b"wrong"))
    _refused(world, "layer 1 of 1: layer0/layer.tar: is broken", "--docker-archive", "x.tar")
    _store(world, "x.tar", data.replace(b'"linux"', b'"LINUX"'))
    _refused(world, ".json: is broken", "--docker-archive", "x.tar")
    _store(world, "x.tar", data.replace(b"layer0/layer.tar\"", b"../../etc/passwd\""))
    _refused(world, "layer 1 of 1: open ../../etc/passwd: No such file", "--docker-archive", "x.tar")
    _store(world, "x.tar", images.docker_archive(layers, extra=[link("x", "nothing")]))
    _refused(world, "x.tar: x: a hard link to nothing", "--docker-archive", "x.tar")


@case(daemon=False)
def an_invalid_environment_is_refused(world):
    for number, (of_jobs, text) in enumerate(
        (
            ({"Env": "A=b"}, "Env is no list"),
            ({"WorkingDir": 1}, "WorkingDir is no text"),
            ({"User": []}, "User is no text"),
            ({"User": "a\nb"}, "User is no text in one line"),
            ({"Env": ["A=b", 1]}, "Env holds what is no text"),
            ({"Env": [f"A{i}=" for i in range(1025)]}, "Env has more than 1024 entries"),
            ({"Env": ["A=" + "x" * 262144]}, "Env has more than 262144 bytes"),
        )
    ):
        layout = images.Layout(f"{world.directory}/{number}").add([tar(*SYSTEM)], of_jobs).close()
        _refused(world, text, "--oci", layout)


@case(daemon=False)
def an_entry_of_the_environment_that_is_no_variable_is_ignored_with_a_warning(world):
    odd = ["NAME", "=x", "A\nB=c", ""]
    images.Layout(f"{world.directory}/layout").add([tar(*SYSTEM)], {"Env": ["A=b", *odd, "C="]}).close()
    text = "warden-rootfs: warning: the image's Env has an entry without NAME= that is ignored: "
    seen = _run(world, "--oci", "layout", "made")
    expect.equal(seen, (0, "", "".join(f"{text}{entry}\n" for entry in ("NAME", "=x", "A\\nB=c", ""))))
    expect.equal(_defaults(world)["env"], ["A=b", "C="])


# Its place.


@case(daemon=False)
def force_replaces_the_defaults_with_the_root_file_system(world):
    root = _layers(world, SYSTEM, of_jobs={"Env": ["A=old"]})
    images.Layout(f"{world.directory}/new").add([tar(file("only"))], {"Env": ["A=new"]}).close()
    _refused(world, "made.json belongs to another root file system (--force replaces it)", "--oci", "new")
    _made(world, "--force", "--oci", "new")
    expect.equal((_files(root), _defaults(world)["env"]), (["only"], ["A=new"]))
    _made(world, "--force", "--tar", _store(world, "x.tar", tar(*SYSTEM)))
    expect.true(not os.path.exists(f"{root}.json"), "no defaults of the old one")


@case(daemon=False)
def a_foreign_file_in_place_of_the_defaults_is_not_replaced(world):
    world.file("made.json", "{}")
    _store(world, "x.tar", tar(*SYSTEM))
    _refused(world, "made.json is needed for the image's settings, and contains", "--force", "--tar", "x.tar")


@case(daemon=False)
def a_failure_keeps_the_previous_root_file_system(world):
    root = _layers(world, SYSTEM, of_jobs={"Env": ["A=old"]})
    _store(world, "x.tar", tar(*SYSTEM, link("x", "nothing")))
    _refused(world, "x: a hard link to nothing", "--force", "--tar", "x.tar")
    expect.equal((_files(root), _defaults(world)["env"]), (["etc", "etc/hostname", "usr"], ["A=old"]))


@case(daemon=False)
def an_interrupted_unpacking_leaves_nothing_at_once(world):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        process = _start(world, "--tar", "-", "made", stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdin.write(tar(*SYSTEM, file("big", b"x" * 1_000_000))[:700_000])
        process.stdin.flush()
        # The rest of it never comes.
        expect.eventually(lambda: any("work" in n for n in os.listdir(world.directory)), "its beginning")
        process.send_signal(number)
        expect.equal(process.wait(10), 130 if number == signal.SIGINT else 143, process.stderr.read())
        process.stdin.close()
        process.stderr.close()
        left = [name for name in os.listdir(world.directory) if "made" in name]
        expect.equal(left, [], f"what is left after {number.name}")


@case(daemon=False)
def an_interrupted_replacement_leaves_the_old_or_the_new(world):
    _layers(world, (*SYSTEM, file("version", b"0")), of_jobs={"Env": ["V=0"]})
    for version in range(1, 9):
        layer = tar(*SYSTEM, file("version", b"%d" % version))
        layout = images.Layout(f"{world.directory}/new{version}").add([layer], {"Env": [f"V={version}"]})
        process = _start(world, "--force", "--oci", layout.close(), "made", stdin=subprocess.DEVNULL)
        time.sleep(0.03 * version)  # any moment will do
        process.send_signal(signal.SIGTERM)
        process.wait(10)
        seen = _read(f"{world.directory}/made/version").decode()
        expect.true(seen in {"0", *map(str, range(1, version + 1))}, "one of them", seen)
        expect.equal(_defaults(world)["env"], [f"V={seen}"])
        expect.equal([name for name in os.listdir(world.directory) if name.startswith(".made")], [])


@case(daemon=False)
def odd_times_are_accepted_and_impossible_owners_and_names_refused(world):
    odd = (file("future", mtime=2**40), file("past", mtime=-5), directory("d", mtime=-5))
    root = _made(world, "--tar", _store(world, "x.tar", tar(*SYSTEM, *odd)))
    expect.equal(sorted(set(os.listdir(root)) - {"etc", "usr"}), ["d", "future", "past"])
    if os.geteuid() == 0:
        owner = _store(world, "y.tar", tar(*SYSTEM, file("c", uid=2**32 - 1)))
        _refused(world, "c: its owner 4294967295:0 is out of range", "--tar", owner, target="other")
    long = _store(world, "z.tar", tar(*SYSTEM, file("d/" * 2500 + "f")))
    _refused(world, "z.tar: d/d/d/", "--tar", long, target="other")


@case(daemon=False)
def progress_is_shown_only_on_a_terminal(world):
    images.Layout(f"{world.directory}/layout").add([tar(*SYSTEM), tar(file("a"))]).close()
    ours, theirs = pty.openpty()
    process = _start(world, "--oci", "layout", "made", stdin=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    seen = b""
    try:
        while part := os.read(ours, 4096):
            seen += part
    except OSError:
        pass  # the other end is closed
    os.close(ours)
    expect.equal(process.wait(20), 0, seen)
    expect.contains(seen.decode(), "\runpack layer 2 of 2: ")
    expect.true(seen.endswith(b"\r\033[K"), "the line is taken away", seen)


@case(daemon=False)
def options_without_effect_are_usage_errors(world):
    _refused(world, "--tar needs a value", status=2, target="--tar")
    _refused(world, "only one root file system can be made", "--tar", "a", "--oci", "b", status=2)
    _refused(world, "only one root file system can be made", "--debian", "--oci", "b", status=2)
    _refused(world, "--image has no effect with --tar", "--image", "x", "--tar", "a", status=2)
    _refused(world, "--keep-setuid has no effect with --host", "--keep-setuid", status=2)


# Images written by other programs.


def _tool(*arguments, directory):
    if not shutil.which(arguments[0]):
        raise Skip(f"needs {arguments[0]}")
    subprocess.run(arguments, cwd=directory, check=True, capture_output=True, timeout=20)


@case(daemon=False)
def an_image_of_umoci_is_unpacked(world):
    for name in ("one/etc", "one/usr", "two/etc"):
        os.makedirs(f"{world.directory}/{name}")
    world.file("one/etc/old", "old")
    world.file("two/etc/new", "new")
    umoci = (
        ("init", "--layout", "image"),
        ("new", "--image", "image:v1"),
        ("insert", "--rootless", "--image", "image:v1", "one", "/"),
        ("insert", "--rootless", "--image", "image:v1", "two/etc/new", "/etc/new"),
        ("insert", "--rootless", "--image", "image:v1", "--whiteout", "/etc/old"),
        ("config", "--image", "image:v1", "--config.env", "A=b", "--config.workingdir", "/etc"),
    )
    for arguments in umoci:
        _tool("umoci", *arguments, directory=world.directory)
    root = _made(world, "--oci", "image", "--image", "v1")
    expect.equal(_files(root), ["etc", "etc/new", "usr"])
    expect.equal((_defaults(world)["env"][-1], _defaults(world)["working_dir"]), ("A=b", "/etc"))


@case(daemon=False)
def archives_of_skopeo_are_unpacked(world):
    layers = [tar(*SYSTEM, file("a"), file("b")), tar(file(".wh.b"))]
    images.Layout(f"{world.directory}/image").add(layers, {"Env": ["A=b"]}, name="v1").close()
    copy = ("skopeo", "--insecure-policy", "--tmpdir", world.directory, "copy", "oci:image:v1")
    for form, target in (("--docker-archive", "docker-archive:x.tar:a:b"), ("--oci", "oci-archive:y.tar:v2")):
        _tool(*copy, target, directory=world.directory)
        root = _made(world, form, target.split(":")[1], "--force")
        expect.equal((_files(root), _defaults(world)["env"]), (["a", "etc", "etc/hostname", "usr"], ["A=b"]), form)
