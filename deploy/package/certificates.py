#!/usr/bin/env python3
"""Fails, naming the difference, unless a zip's authorities are exactly those of Debian's package.

python3 deploy/package/certificates.py <zip> <ca-certificates_….deb>

The package holds Mozilla's trusted authorities, one a file; Debian leaves out those that Mozilla distrusts.
"""

import hashlib
import io
import ssl
import subprocess
import sys
import tarfile
import zipfile

AUTHORITIES = "./usr/share/ca-certificates/"


def fingerprints(files):
    """The name of each certificate by the SHA-256 of its DER. A file holds one certificate in PEM."""
    return {hashlib.sha256(ssl.PEM_cert_to_DER_cert(text.decode("ascii"))).hexdigest(): name for name, text in files}


def packaged(deb):
    content = subprocess.run(["dpkg-deb", "--fsys-tarfile", deb], check=True, stdout=subprocess.PIPE).stdout
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for member in archive:
            if member.isfile() and member.name.startswith(AUTHORITIES):
                yield member.name.removeprefix(AUTHORITIES), archive.extractfile(member).read()


def shipped(path):
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.startswith("certs/"):
                yield name, archive.read(name)


def differences(path, deb):
    expected, found = fingerprints(packaged(deb)), fingerprints(shipped(path))
    if not expected:
        yield f"{deb} holds no certificates"
    for fingerprint in sorted(found.keys() - expected.keys()):
        yield f"{found[fingerprint]} is not in the package (SHA-256 {fingerprint})"
    for fingerprint in sorted(expected.keys() - found.keys()):
        yield f"{expected[fingerprint]} of the package is missing"


if __name__ == "__main__":
    found = list(differences(*sys.argv[1:]))
    for difference in found:
        print(f"{sys.argv[1]}: {difference}", file=sys.stderr)
    sys.exit(bool(found))
