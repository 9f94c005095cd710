# SPDX-License-Identifier: Apache-2.0
"""Makes archives and images for cases: tars, OCI image layouts, archives of docker save."""

import gzip
import hashlib
import io
import json
import lzma
import os
import platform
import tarfile

LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
COMPRESSORS = {"": lambda data: data, "+gzip": lambda data: gzip.compress(data, 1), "+xz": lzma.compress}


def directory(name, mode=0o755, **fields):
    """A directory in a tar."""
    return _entry(name, tarfile.DIRTYPE, mode=mode, **fields)


def file(name, content=b"", mode=0o644, **fields):
    """A regular file in a tar."""
    return _entry(name, tarfile.REGTYPE, content, mode=mode, **fields)


def symlink(name, target, **fields):
    """A symbolic link in a tar."""
    return _entry(name, tarfile.SYMTYPE, linkname=target, mode=0o777, **fields)


def link(name, target):
    """A hard link in a tar."""
    return _entry(name, tarfile.LNKTYPE, linkname=target)


def device(name):
    """A character device in a tar."""
    return _entry(name, tarfile.CHRTYPE, devmajor=1, devminor=3)


def overlay_whiteout(name):
    """What hides a name in overlay's upper directory."""
    return _entry(name, tarfile.CHRTYPE, devmajor=0, devminor=0)


def overlay_opaque(name):
    """A directory of overlay's upper directory that hides those below."""
    return _entry(name, tarfile.DIRTYPE, mode=0o755, pax_headers={"SCHILY.xattr.trusted.overlay.opaque": "y"})


def pipe(name):
    """A fifo in a tar."""
    return _entry(name, tarfile.FIFOTYPE, mode=0o640)


def _entry(name, kind, content=b"", **fields):
    info = tarfile.TarInfo(name)
    info.type = kind
    info.size = len(content)
    info.mtime = 1_000_000_000
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


def tar(*entries):
    """The bytes of a tar."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for info, content in entries:
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def digest(data):
    """The digest of some bytes, as in images."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def config(layers, of_jobs=None, architecture=ARCHITECTURE):
    """The configuration of an image; `layers` are tars."""
    return {
        "architecture": architecture,
        "os": "linux",
        "config": of_jobs or {},
        "rootfs": {"type": "layers", "diff_ids": [digest(layer) for layer in layers]},
    }


class Layout:
    """An OCI image layout in a directory. A case may damage its files before `close` writes the index."""

    def __init__(self, path):
        self.path = path
        self.manifests = []
        os.makedirs(f"{path}/blobs/sha256")

    def blob(self, data, media_type, **fields):
        """Stores bytes; returns their descriptor."""
        with open(self.blob_path(digest(data)), "wb") as stream:
            stream.write(data)
        return {"mediaType": media_type, "digest": digest(data), "size": len(data), **fields}

    def json(self, value, media_type, **fields):
        """Stores a value as JSON; returns its descriptor."""
        return self.blob(json.dumps(value).encode(), media_type, **fields)

    def blob_path(self, name):
        """The path of a blob."""
        return f"{self.path}/blobs/{name.replace(':', '/')}"

    def image(self, layers, of_jobs=None, compression="+gzip", architecture=ARCHITECTURE, **fields):
        """Stores an image; returns the descriptor of its manifest, which is not added to the index."""
        compress = COMPRESSORS[compression] if isinstance(compression, str) else compression
        suffix = compression if isinstance(compression, str) else "+zstd"
        manifest = {
            "schemaVersion": 2,
            "config": self.json(config(layers, of_jobs, architecture), CONFIG_TYPE),
            "layers": [self.blob(compress(layer), LAYER_TYPE + suffix) for layer in layers],
        }
        return self.json(manifest, MANIFEST_TYPE, **fields)

    def add(self, layers, of_jobs=None, name=None, **keywords):
        """Adds an image to the index; `name` is its name for --image."""
        fields = {"annotations": {"org.opencontainers.image.ref.name": name}} if name else {}
        self.manifests.append(self.image(layers, of_jobs, **keywords, **fields))
        return self

    def close(self):
        """Writes the index; returns the path of the layout."""
        index = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": self.manifests}
        for name, value in (("index.json", index), ("oci-layout", {"imageLayoutVersion": "1.0.0"})):
            with open(f"{self.path}/{name}", "w", encoding="utf-8") as stream:
                json.dump(value, stream)
        return self.path


def tar_of(path):
    """The bytes of a tar of a directory."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.add(path, ".")
    return buffer.getvalue()


def docker_archive(layers, of_jobs=None, tags=("test:latest",), extra=()):
    """An archive of one image as docker save writes it. A repeated layer is a link to the first one."""
    return docker_archives([(layers, tags)], of_jobs, extra)


def docker_archives(chosen, of_jobs=None, extra=()):
    """An archive of several images: their layers and tags, or None for an image without one."""
    entries, seen, manifest = [], {}, []
    for layers, tags in chosen:
        text = json.dumps(config(layers, of_jobs)).encode()
        names = []
        for layer in layers:
            name = f"layer{len(entries)}/layer.tar"
            entries.append(directory(os.path.dirname(name)))
            if layer in seen:
                entries.append(symlink(name, f"../{seen[layer]}"))
            else:
                entries.append(file(name, layer))
            seen.setdefault(layer, name)
            names.append(name)
        config_name = f"{digest(text).removeprefix('sha256:')}.json"
        manifest.append({"Config": config_name, "RepoTags": tags and list(tags), "Layers": names})
        entries.append(file(config_name, text))
    return tar(*entries, *extra, file("manifest.json", json.dumps(manifest).encode()))
