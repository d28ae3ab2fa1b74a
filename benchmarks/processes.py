"""The processes of a build, as the kernel shows them."""

from pathlib import Path


def session_of(launcher: int) -> list[int]:
    """The processes that a launcher started, and itself, while they run."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has ended
                continue
            if int(fields[3]) == launcher and fields[0] != "Z":
                found.append(int(folder.name))
    return sorted(found)
