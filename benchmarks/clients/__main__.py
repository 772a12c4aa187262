"""A contender's process: prints ``ready``, then answers each job (a line of JSON) with a sample (a line of JSON)."""

from __future__ import annotations

import importlib
import json
import resource
import sys

from benchmarks.clients.works import WORKS, Job, Runner

most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

module, name = sys.argv[1].split(":")
runner = Runner(getattr(importlib.import_module(f"benchmarks.clients.{module}"), name))
print("ready", flush=True)
for line in sys.stdin:
    job = Job(**json.loads(line))
    try:
        sample = WORKS[job.work](runner, job)
    except Exception as error:  # noqa: BLE001 - a contender may fail in any way; the table shows the error
        print(json.dumps({"error": f"{type(error).__name__}: {' '.join(str(error).split())}"}), flush=True)
    else:
        print(json.dumps(sample), flush=True)
