"""The rows of the catalogue: ``ROWS`` are for the newest kubectl, ``CORE`` for every one."""

from .core import CORE
from .networking import NETWORKING
from .reading import GET, REST
from .running import ROLLOUTS, STREAMS
from .services import EXPOSE, SERVICES
from .step import Row, Step
from .writing import APPLY, CREATE, DELETE

ROWS = (*SERVICES, *NETWORKING, *EXPOSE, *GET, *CREATE, *APPLY, *DELETE, *STREAMS, *ROLLOUTS, *REST)

__all__ = ["CORE", "ROWS", "Row", "Step"]
