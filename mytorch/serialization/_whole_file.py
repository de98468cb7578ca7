"""A file that is there whole or not at all. Called by `save`."""

from __future__ import annotations

import contextlib
import errno
import os
import stat


def write_whole(path: str, data: bytes) -> None:
    """Write a file so that no reader ever sees a part of it, and a crash leaves the old one.

    It is written next to the file, under a name of its own, and then takes the file's place; of several
    threads or processes that write to one path, one wins. What a symbolic link points to is replaced, not the
    link, and the mode of the file stays. What is not a file, such as /dev/stdout, is written to.

    Args:
        path: of the file.
        data: all of its content.

    Raises:
        OSError: it cannot be written; the message names `path`.
    """
    try:
        found = os.stat(path)  # noqa: PTH116 - pathlib is slow to import
    except FileNotFoundError:
        found = None
    if (found is not None and not stat.S_ISREG(found.st_mode)) or not os.path.basename(path):  # noqa: PTH119
        with open(path, "wb") as stream:  # noqa: PTH123 - the same
            stream.write(data)
        return
    if found is not None and not os.access(path, os.W_OK):  # else it would be replaced
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
    try:
        _replace(os.path.realpath(path), data, found)
    except OSError as error:
        if error.errno is None:
            raise
        # Not under the temporary name, which says nothing to the caller.
        raise OSError(error.errno, error.strerror, path) from error


def _replace(target: str, data: bytes, found: os.stat_result | None) -> None:
    folder, name = os.path.split(target)
    # The start of the name, so that it is never too long.
    temporary = os.path.join(folder, f"{name[:40]}.{os.urandom(8).hex()}.tmp")  # noqa: PTH118 - the same
    stream = open(temporary, "xb")  # noqa: PTH123, SIM115 - the same; closed before the file is moved
    try:
        with stream:
            if found is not None:
                os.chmod(temporary, stat.S_IMODE(found.st_mode))  # noqa: PTH101 - the same
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, target)  # noqa: PTH105 - the same
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)  # noqa: PTH108 - the same
        raise
