"""The shared cluster, as a client without any library sees it."""

import pytest

from ..conftest import Cluster
from .asking import Api


@pytest.fixture(scope="session")
def api(cluster: Cluster) -> Api:
    """The API as the administrator asks it."""
    return Api(cluster.environment["KUBECONFIG"])
