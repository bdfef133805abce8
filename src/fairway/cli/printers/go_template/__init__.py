"""Go templates as kubectl runs them: fields, variables, pipelines, if, range, with, define, and their functions.

Shape: ``Template(text, name)`` is parsed once; ``render(object)`` gives text.  Numbers of the object are floats, as
they are for kubectl's templates.  Pure.  Raises: ``TemplateError`` with Go's text. No library does: Python's template
languages are others.
Source: the documentation of Go's package text/template.
"""

from fairway.cli.printers.go_template.evaluate import Template
from fairway.cli.printers.go_template.lex import TemplateError

__all__ = ["Template", "TemplateError"]
