"""Sets permission bits if the file system has any; vfat, exFAT and some CIFS mounts refuse or ignore them."""

from __future__ import annotations

import errno
import os
from typing import Union

_NONE_HERE = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
_UNUSUAL = 0o640  # that no file system gives all its files


def set_mode(file: Union[int, str], mode: int) -> None:
    """Give a file (a path or a descriptor) its permission bits, if its file system has any. Raises OSError."""
    try:
        if isinstance(file, int):
            os.fchmod(file, mode)
        else:
            os.chmod(file, mode)
    except OSError as error:
        if error.errno not in _NONE_HERE:
            raise


def keeps_modes(folder: str) -> bool:
    """Whether files in `folder` have modes of their own; True if no file may be made there to find out."""
    import tempfile  # slow to load, and seldom needed

    try:
        # With a name: one without (O_TMPFILE) isn't on that file system yet, as some layers see it.
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".weft-") as file:
            set_mode(file.fileno(), _UNUSUAL)
            return os.fstat(file.fileno()).st_mode & 0o777 == _UNUSUAL
    except OSError:
        return True
