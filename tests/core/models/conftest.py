"""The static model, which takes half a minute to make, made at most once for all test processes."""

import shutil
from pathlib import Path

import pytest

from core.models import minilm, static
from core.models.registry import default_folder
from core.models.static import distill, distilled_folder
from tests.shared_folder import shared_folder


@pytest.fixture(scope="session")
def static_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models that holds the static one and nothing else; not to be written to."""
    with shared_folder(tmp_path_factory, "static-models") as folder:
        if not folder.exists() and is_current(installed := distilled_folder(default_folder())):
            shutil.copytree(installed, distilled_folder(folder))
        distill(folder)
    return folder


def is_current(installed: Path) -> bool:
    """Whether the installation made this static model by the code that is tested now."""
    sources = [Path(module.__file__) for module in (static, minilm)]
    return installed.exists() and all(path.stat().st_mtime < installed.stat().st_mtime for path in sources)
