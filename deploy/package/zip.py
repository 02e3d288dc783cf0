#!/usr/bin/env python3
"""Writes a zip whose bytes depend only on the files' names and contents: sorted, without times and owners.

python3 deploy/package/zip.py <zip> <directory>
"""

import pathlib
import sys
import zipfile


def write(target, directory):
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(path for path in directory.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(directory).as_posix(), date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            # Lambda runs the program as another user than the owner of the files.
            entry.external_attr = (0o100755 if path.name == "bootstrap" else 0o100644) << 16
            archive.writestr(entry, path.read_bytes())


if __name__ == "__main__":
    write(sys.argv[1], pathlib.Path(sys.argv[2]))
