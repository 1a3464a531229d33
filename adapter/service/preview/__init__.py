"""The pages for people: a visit seen before it is shared, sent, and followed.

Rendered by the service, with one style sheet and one script of its own; everything works without the script.
"""

from adapter.service.preview.routes import router

__all__ = ["router"]
