"""The door for people: pages, forms and downloads. Views are thin; what they do stands in the services below."""

from flask import Flask

from app.web import (
    archive_requests,
    auth,
    comments,
    confirm,
    description,
    errors,
    examples,
    files,
    forgotten,
    formats,
    headers,
    health,
    home,
    journal,
    keys,
    language,
    large_forms,
    other_sites,
    policy,
    refusals,
    second_factor,
    session_cookie,
    settings,
    shared,
    sign_up,  # noqa: F401  # its pages are part of `auth`
    slow_clients,
    strange_forms,
    your_data,
)


def init_app(app: Flask) -> None:
    """Register every blueprint."""
    slow_clients.init_app(app)
    session_cookie.init_app(app)
    headers.init_app(app)
    other_sites.init_app(app)
    refusals.init_app(app)
    large_forms.init_app(app)
    policy.init_app(app)
    strange_forms.init_app(app)
    errors.init_app(app)
    formats.init_app(app)
    language.init_app(app)
    app.register_blueprint(shared.bp)
    app.register_blueprint(health.bp)
    app.register_blueprint(description.bp)
    app.register_blueprint(keys.bp)
    app.register_blueprint(home.bp)
    auth.init_app(app)
    app.register_blueprint(confirm.bp)
    app.register_blueprint(forgotten.bp)
    app.register_blueprint(settings.bp)
    app.register_blueprint(second_factor.bp)
    app.register_blueprint(journal.bp)
    app.register_blueprint(comments.bp)
    app.register_blueprint(files.bp)
    app.register_blueprint(your_data.bp)
    app.register_blueprint(archive_requests.bp)
    if app.config["EXAMPLES"]:
        app.register_blueprint(examples.bp)
    policy.check_policy(app)
