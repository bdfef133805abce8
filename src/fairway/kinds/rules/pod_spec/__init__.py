"""The pod spec: what Pods and every template of pods have in common.

Shape: ``fill_spec`` fills in, ``problems`` yields every broken rule, ``hints`` yields warnings; all take the path of
the spec, since a template's is longer.
Source: Kubernetes API reference, "PodSpec v1 core".
"""

from fairway.kinds.rules.pod_spec.defaults import fill_spec, fill_template
from fairway.kinds.rules.pod_spec.template import plain_template_problems, template_problems
from fairway.kinds.rules.pod_spec.validation import problems
from fairway.kinds.rules.pod_spec.warnings import hints

__all__ = ["fill_spec", "fill_template", "hints", "plain_template_problems", "problems", "template_problems"]
