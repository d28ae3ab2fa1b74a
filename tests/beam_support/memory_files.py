"""A store in memory behind Beam's FileSystems, `memory-store://`; like an object store, it has files but no folders."""

import io

from apache_beam.io.filesystem import BeamIOError, CompressionTypes, FileMetadata, FileSystem

FILES: dict[str, bytes] = {}


class _Upload(io.BytesIO):
    def __init__(self, path: str):
        super().__init__()
        self._path = path

    def close(self) -> None:
        FILES[self._path] = self.getvalue()
        super().close()


class MemoryFiles(FileSystem):
    """The part of a FileSystem that the storage module uses."""

    @classmethod
    def scheme(cls) -> str:
        return "memory-store"

    def join(self, basepath, *paths):
        return "/".join([basepath.rstrip("/"), *paths])

    def split(self, path):
        return tuple(path.rsplit("/", 1))

    def mkdirs(self, path):
        raise NotImplementedError

    def has_dirs(self):
        return False

    def _list(self, dir_or_prefix):
        return [self.metadata(path) for path in FILES if path.startswith(dir_or_prefix)]

    def create(self, path, mime_type="", compression_type=CompressionTypes.AUTO):
        return _Upload(path)

    def open(self, path, mime_type="", compression_type=CompressionTypes.AUTO):
        self.metadata(path)
        return io.BytesIO(FILES[path])

    def copy(self, source_file_names, destination_file_names):
        raise NotImplementedError

    def rename(self, source_file_names, destination_file_names):
        raise NotImplementedError

    def exists(self, path):
        return path in FILES

    def size(self, path):
        return self.metadata(path).size_in_bytes

    def last_updated(self, path):
        return 1.0

    def metadata(self, path):
        if path not in FILES:
            raise BeamIOError("no such object")
        return FileMetadata(path, len(FILES[path]), 1.0)

    def delete(self, paths):
        for path in paths:
            del FILES[path]
