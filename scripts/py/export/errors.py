"""What the user can put right: shown as one message, without a traceback."""


class ExportError(Exception):
    pass
