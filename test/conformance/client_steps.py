"""Drives a head through Ray's Python client: argv is the HTTP address and a folder to upload. Prints one JSON object with what it saw."""

import asyncio
import json
import sys
import time

from ray.job_submission import JobStatus, JobSubmissionClient

address, folder = sys.argv[1:]
client = JobSubmissionClient(address)
seen = {"version": client.get_version() if hasattr(client, "get_version") else None}


def wait(job_id):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        status = client.get_job_status(job_id)
        if status.is_terminal():
            return status
        time.sleep(0.2)
    raise TimeoutError(job_id)


async def tail(job_id):
    return "".join([lines async for lines in client.tail_job_logs(job_id)])


job = client.submit_job(
    entrypoint="cat note.txt && echo $GREETING && echo done",
    runtime_env={"working_dir": folder, "env_vars": {"GREETING": "grüezi"}},
    metadata={"owner": "conformance"},
    submission_id="py-client-1",
)
seen["job"] = job
seen["tail"] = asyncio.run(tail(job))
seen["status"] = wait(job).value
info = client.get_job_info(job)
seen["info"] = {
    "type": info.type.value,
    "submission_id": info.submission_id,
    "metadata": info.metadata,
    "exit": info.driver_exit_code,
    "env": sorted((info.runtime_env or {}).keys()),
    "ended": (info.end_time or 0) >= (info.start_time or 0) > 0,
    "node": len(info.driver_node_id or ""),
}
seen["logs"] = client.get_job_logs(job)
seen["listed"] = job in [each.submission_id for each in client.list_jobs()]
sleeper = client.submit_job(entrypoint="sleep 300", submission_id="py-client-2")
until = time.monotonic() + 30
while client.get_job_status(sleeper) == JobStatus.PENDING and time.monotonic() < until:
    time.sleep(0.1)
seen["stopped"] = client.stop_job(sleeper)
seen["afterStop"] = wait(sleeper).value
seen["deleted"] = client.delete_job(sleeper)
try:
    client.get_job_info(sleeper)
    seen["afterDelete"] = "still there"
except RuntimeError as error:
    seen["afterDelete"] = "404" if "404" in str(error) else str(error)
try:
    client.submit_job(entrypoint="true", submission_id=job)
    seen["duplicate"] = "taken"
except Exception as error:
    seen["duplicate"] = f"refused {type(error).__name__}"
print("\x1e" + json.dumps(seen))
