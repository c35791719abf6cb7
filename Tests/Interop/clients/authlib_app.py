"""An app that signs people in with Authlib's Flask client, written as its documentation shows:
all that it knows of the server is the issuer's URL, a client id and a secret.

It keeps its sessions in memory, and Authlib refreshes by itself whenever a token is about to
expire, so an app whose access tokens live less than Authlib's margin refreshes at every call.

Environment: ISSUER, CLIENT_ID, CLIENT_SECRET, APP_PORT, APP_SCOPE.
"""

import os
import secrets

from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import Flask, jsonify, redirect, request, session, url_for

app = Flask(__name__)
app.secret_key = secrets.token_bytes(32)
# The server under test answers on loopback too, and browsers tell hosts apart, not ports.
app.config["SESSION_COOKIE_NAME"] = "app"

tokens = {}
refreshed = {}


def keep(name, token, refresh_token=None, access_token=None):
    """Authlib tells that it refreshed: the new tokens replace the old ones."""
    tokens[session["id"]] = token
    refreshed[session["id"]] = refreshed.get(session["id"], 0) + 1


oauth = OAuth(app, fetch_token=lambda name: tokens.get(session.get("id")), update_token=keep)
oauth.register(
    "martlet",
    server_metadata_url=os.environ["ISSUER"] + "/.well-known/openid-configuration",
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ.get("CLIENT_SECRET"),
    client_kwargs={
        "scope": os.environ.get("APP_SCOPE", "openid profile email offline_access"),
        "code_challenge_method": "S256",
    },
)


@app.get("/")
def home():
    token = tokens.get(session.get("id"))
    if token is None:
        return '<!doctype html><title>The app</title><h1>The app</h1><a href="/login">Sign in</a>'
    name = token["userinfo"].get("name") or token["userinfo"]["sub"]
    return (
        "<!doctype html><title>The app</title>"
        f"<h1>The app</h1><p id=who>Signed in as {name}</p>"
        '<p><a href="/profile">Profile</a> <a href="/logout">Sign out</a></p>'
    )


@app.get("/login")
def login():
    extra = {name: value for name, value in request.args.items()}
    return oauth.martlet.authorize_redirect(url_for("callback", _external=True), **extra)


@app.route("/callback", methods=["GET", "POST"])
def callback():
    try:
        token = oauth.martlet.authorize_access_token()
    except OAuthError as refusal:
        return jsonify(error=refusal.error, description=refusal.description), 401
    session["id"] = secrets.token_urlsafe()
    tokens[session["id"]] = token
    return redirect("/")


@app.get("/tokens")
def kept():
    """What the app holds, for the test to look at."""
    token = tokens.get(session.get("id"))
    return jsonify(token=token, refreshed=refreshed.get(session.get("id"), 0))


@app.get("/profile")
def profile():
    try:
        return jsonify(oauth.martlet.userinfo())
    except OAuthError as refusal:
        return jsonify(error=refusal.error, description=refusal.description), 401


@app.get("/logout")
def logout():
    token = tokens.pop(session.pop("id", None), None)
    return oauth.martlet.logout_redirect(
        post_logout_redirect_uri=url_for("signed_out", _external=True),
        id_token_hint=token and token["id_token"],
    )


@app.get("/signed-out")
def signed_out():
    oauth.martlet.validate_logout_response()
    return "<!doctype html><title>The app</title><h1>Signed out</h1>"


if __name__ == "__main__":
    app.run("127.0.0.1", int(os.environ["APP_PORT"]))
