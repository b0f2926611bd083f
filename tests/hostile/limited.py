"""Runs a command within bounds on processor time and memory: ``python -IS limited.py REPORT SECONDS BYTES COMMAND…``.

Writes to REPORT, as JSON, what it took. A process of its own, and a small one: a child's largest memory counts from the
process that it was forked from.
"""

import json
import os
import resource
import sys

report, seconds, size, *command = sys.argv[1:]
child = os.fork()
if child == 0:
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 1))
    resource.setrlimit(resource.RLIMIT_DATA, (int(size), int(size)))
    os.execv(command[0], command)
_, status, usage = os.wait4(child, 0)
code = os.waitstatus_to_exitcode(status)
with open(report, "w") as file:
    json.dump({"code": code, "seconds": usage.ru_utime + usage.ru_stime, "kilobytes": usage.ru_maxrss}, file)
