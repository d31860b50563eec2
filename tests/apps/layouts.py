# SPDX-License-Identifier: Apache-2.0
"""OCI image layouts as other tools write them: gzip layers, made with Python's tarfile."""
import gzip
import hashlib
import io
import json
import tarfile


def tar_of(files, **options):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", **options) as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o755
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def make_layout(path, config, layers):
    """`layers`: a dict of names and bytes each."""
    blobs = path / "blobs/sha256"
    blobs.mkdir(parents=True)

    def put(data, kind):
        (blobs / sha256(data)).write_bytes(data)
        return {"mediaType": kind, "digest": "sha256:" + sha256(data), "size": len(data)}

    tars = [tar_of(files) for files in layers]
    oci = "application/vnd.oci.image."
    packed = [put(gzip.compress(tar, mtime=0), oci + "layer.v1.tar+gzip") for tar in tars]
    text = json.dumps({"architecture": "amd64", "os": "linux", "config": config, "rootfs": {
        "type": "layers", "diff_ids": ["sha256:" + sha256(tar) for tar in tars]}})
    manifest = {"schemaVersion": 2, "config": put(text.encode(), oci + "config.v1+json"),
                "layers": packed}
    entry = put(json.dumps(manifest).encode(), oci + "manifest.v1+json")
    (path / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    (path / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
