"""A Python script as a job, with a package that the cluster installs for it: tells about its machine in words.

  shoal job submit --working-dir . --runtime-env-json '{"pip": ["humanize==4.12.3"]}' -- python main.py
  python main.py [FOLDER ...]        whose files are counted; by default the Python that it runs on
"""

import os
import platform
import shutil
import sys
import sysconfig
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

import humanize

print(f"humanize {version('humanize')} on Python {platform.python_version()}, on {platform.node()}\n")

with open("/proc/uptime") as file:
    up = timedelta(seconds=float(file.read().split()[0]))
memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
disk = shutil.disk_usage(Path.home())

facts = {
    "up for": humanize.precisedelta(up, minimum_unit="minutes", format="%d"),
    "processors": humanize.apnumber(os.cpu_count() or 1),
    "load": humanize.natural_list([f"{load:.1f}" for load in os.getloadavg()]),
    "memory": humanize.naturalsize(memory, binary=True),
    "disk": f"{humanize.naturalsize(disk.free, binary=True)} free of {humanize.naturalsize(disk.total, binary=True)}",
}
for name, fact in facts.items():
    print(f"{name:>12}  {fact}")

for folder in sys.argv[1:] or [sysconfig.get_paths()["stdlib"]]:
    files = [entry for entry in Path(folder).rglob("*") if entry.is_file()]
    size = sum(entry.stat().st_size for entry in files)
    print(f"\n{folder}: {humanize.intcomma(len(files))} files, {humanize.naturalsize(size, binary=True)}")
    for entry in sorted(files, key=lambda each: each.stat().st_size, reverse=True)[:3]:
        print(f"{humanize.naturalsize(entry.stat().st_size, binary=True):>12}  {entry.relative_to(folder)}")
