"""Too little memory is told as what it is, wherever it is found out."""

import subprocess
import sys

import pytest

from mmm.cli.errors import not_loaded


@pytest.mark.parametrize("gigabytes", [0.6, 0.9, 1.4])
def test_a_limit_on_memory_is_told(gigabytes: float) -> None:
    script = (
        "import resource, sys\n"
        f"size = int({gigabytes} * 2**30)\nresource.setrlimit(resource.RLIMIT_AS, (size, size))\n"
        "sys.argv = ['mmm', 'fit', 'absent.yaml']\nfrom mmm.cli import main\nmain()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    if done.returncode != 2:  # where what is there suffices until the settings are read
        assert done.returncode == 1, done.stderr
        assert f"The {gigabytes:.1f} GiB of memory that this process may use are not enough." in done.stderr


def test_a_library_that_is_missing_is_named() -> None:
    assert not_loaded(ImportError("No module named 'zarr'")).startswith(
        "A library could not be loaded (No module named 'zarr'). Is the installation whole?"
    )
