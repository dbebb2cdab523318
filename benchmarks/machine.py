"""What a benchmark ran on."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata
from pathlib import Path


def described(*packages: str) -> dict[str, str | int]:
    """The processor, its number of cores, the memory, and versions."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    named = {name.strip(): value.strip() for name, value in fields.items()}
    flags = named.get("flags", "").split()
    vector = [flag for flag in ("avx2", "avx512f", "avx512_vpopcntdq") if flag in flags]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": named.get("model name", platform.processor()),
        "family and model": f"{named.get('cpu family', '?')}/{named.get('model', '?')}",
        "vector instructions": " ".join(vector),
        "processors": os.cpu_count() or 1,
        "memory in GiB": round(memory / 2**30),
        "system": f"{platform.system()} {platform.machine()}",
        "python": sys.version.split()[0],
        **{package: metadata.version(package) for package in packages},
    }
