"""Where a request comes from, as rows and mails keep it."""

from flask import request


def read_origin() -> dict[str, str]:
    return {"ip_address": request.remote_addr or "", "user_agent": request.user_agent.string}
