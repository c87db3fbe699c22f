"""What the machine of the run is: whether a job's container, whose loopback is not the job's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

_MARKS = (".dockerenv", "run/.containerenv")
"""Files that Docker and podman put into every container."""

# The CIs whose jobs, or steps of them, run in a container beside their services. In those of
# CircleCI localhost is the services' too, and outside of a CI it is for the user to know.
_JOBS = ("GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "JENKINS_URL")


def in_job_container(environment: Mapping[str, str], root: Path = Path("/")) -> bool:
    """Return whether this is a container of a CI's job."""
    in_job = any(environment.get(name) for name in _JOBS)
    return in_job and any((root / mark).exists() for mark in _MARKS)
