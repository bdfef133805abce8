"""What several files of component tests begin with."""

from collections.abc import Iterator

import pytest
from programmed_table import ProgrammedTable
from service_network import ServiceNetwork, forget_connections


@pytest.fixture
def table(network: ServiceNetwork) -> Iterator[ProgrammedTable]:
    """The proxy's table on the node of the file's own ``network``; no connection lasts until the next test."""
    made = ProgrammedTable(network.node)
    yield made
    made.close()
    forget_connections(network.node)
