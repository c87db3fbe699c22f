"""What the image holds, and how it starts."""

import json
import subprocess

from image.container import inside

# PEP 552: the second word of a .pyc; bit 0 says hash-based, bit 1 that the source is compared.
UNCHECKED = """
import pathlib, sys, sysconfig
where = pathlib.Path(sysconfig.get_path(sys.argv[1]))
cached = lambda path: path.parent / "__pycache__" / f"{path.stem}.{sys.implementation.cache_tag}.pyc"
for name in sys.argv[2:]:
    print(name, int.from_bytes(cached(where / name).read_bytes()[4:8], "little"))
"""


def test_runs_on_python_3_13_and_has_a_shell(image: str) -> None:
    assert inside(image, "/opt/mailtls/bin/python --version").startswith("Python 3.13.")


def test_has_mailtls_on_the_path_of_a_job_that_replaces_the_entry_point(image: str) -> None:
    assert inside(image, "command -v mailtls && mailtls --version") == (
        "/usr/local/bin/mailtls\nmailtls 0.1.0\n"
    )


def test_has_no_installer(image: str) -> None:
    script = """
        for program in pip pip3 easy_install; do command -v "$program"; done
        for module in pip setuptools ensurepip._bundled; do
            for python in python3 /opt/mailtls/bin/python; do
                "$python" -c "import $module" 2>/dev/null && echo "$python $module"
            done
        done
        true
    """
    assert inside(image, script) == ""


def test_has_the_standard_library_and_itself_compiled_without_a_check_of_sources(
    image: str,
) -> None:
    python = f"/opt/mailtls/bin/python -I -c '{UNCHECKED}'"
    standard = inside(image, f"{python} stdlib argparse.py asyncio/base_events.py enum.py")
    own = inside(image, f"{python} purelib mailtls/cli.py mailtls/plan.py yaml/loader.py")
    assert {line.split()[1] for line in (standard + own).splitlines()} == {"1"}


def test_starts_as_root_by_an_absolute_entry_point(image: str) -> None:
    told = subprocess.run(
        ["buildah", "inspect", "--type", "image", image], capture_output=True, check=True
    ).stdout
    config = json.loads(told)["OCIv1"]["config"]
    assert config.get("User", "") == ""
    assert config["Entrypoint"] == ["/opt/mailtls/bin/python", "-I", "/opt/mailtls/entrypoint.py"]
    assert config["Labels"]["org.opencontainers.image.title"] == "mailtls"


def test_has_a_user_to_become_who_owns_nothing(image: str) -> None:
    assert inside(image, "id -u mailtls; id -G mailtls") == "65532\n65532\n"
    assert inside(image, "find / -xdev -user 65532 -print -o -group 65532 -print") == ""


def test_has_nothing_of_the_tree_but_the_package_and_the_entry_point(image: str) -> None:
    assert inside(image, "find / -xdev -name pyproject.toml -o -name requirements") == ""
    assert inside(image, "find /opt/mailtls -maxdepth 1 -type f | sort") == (
        "/opt/mailtls/entrypoint.py\n/opt/mailtls/pyvenv.cfg\n"
    )
