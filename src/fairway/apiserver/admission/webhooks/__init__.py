"""Webhooks: programs elsewhere that change or refuse what is written.

Shape: ``Webhooks.mutate`` asks one after the other, ``Webhooks.validate`` all at once; where no configuration exists,
neither is entered.  ``reviews`` (pure) words questions and reads answers; ``calling`` speaks HTTPS.
Source: Kubernetes docs, "Dynamic Admission Control".
"""

from fairway.apiserver.admission.webhooks.webhooks import Webhooks

__all__ = ["Webhooks"]
