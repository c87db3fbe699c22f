"""A job's container is known by its mark and its CI."""

from __future__ import annotations

import pytest

from mailtls.net.machine import in_job_container


@pytest.mark.parametrize("mark", [".dockerenv", "run/.containerenv"])
def test_a_container_of_a_job(tmp_path, mark):
    (tmp_path / mark).parent.mkdir(exist_ok=True)
    (tmp_path / mark).touch()

    assert in_job_container({"GITHUB_ACTIONS": "true"}, tmp_path)
    assert in_job_container({"GITLAB_CI": "true"}, tmp_path)
    # There localhost is the services' too; and by hand it is for the user to know.
    assert not in_job_container({"CIRCLECI": "true", "CI": "true"}, tmp_path)
    assert not in_job_container({}, tmp_path)


def test_a_job_on_the_machine_itself(tmp_path):
    assert not in_job_container({"GITHUB_ACTIONS": "true"}, tmp_path)
