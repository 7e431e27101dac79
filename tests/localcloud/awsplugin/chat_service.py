"""The part of the chat service's API that slack channels need: moto has none of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

_ACCOUNT = "123456789012"
_TAGS = "Tags"


class ChatService:
    """Keeps channel configurations by ARN."""

    def __init__(self) -> None:
        self._channels: dict[str, dict[str, Any]] = {}

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        operation = request.path.strip("/").replace("-", "_")
        answer = getattr(self, operation)(json.loads(request.data))
        return Response(json.dumps(answer), mimetype="application/json")(environ, start_response)

    def create_slack_channel_configuration(self, body: dict[str, Any]) -> dict[str, Any]:
        name = body["ConfigurationName"]
        arn = f"arn:aws:chatbot::{_ACCOUNT}:chat-configuration/slack-channel/{name}"
        names = {"ChatConfigurationArn": arn, "SlackTeamName": "team", "SlackChannelName": "alerts"}
        filled = {"LoggingLevel": "NONE", "UserAuthorizationRequired": False, "SnsTopicArns": []}
        self._channels[arn] = {**filled, **body, **names}
        return {"ChannelConfiguration": self._channels[arn]}

    def describe_slack_channel_configurations(self, body: dict[str, Any]) -> dict[str, Any]:
        channel = self._channels.get(body["ChatConfigurationArn"])
        return {"SlackChannelConfigurations": [channel] if channel else []}

    def update_slack_channel_configuration(self, body: dict[str, Any]) -> dict[str, Any]:
        channel = self._channels[body["ChatConfigurationArn"]]
        channel.update(body)
        return {"ChannelConfiguration": channel}

    def delete_slack_channel_configuration(self, body: dict[str, Any]) -> dict[str, Any]:
        del self._channels[body["ChatConfigurationArn"]]
        return {}

    def tag_resource(self, body: dict[str, Any]) -> dict[str, Any]:
        channel, new = self._channels[body["ResourceARN"]], body[_TAGS]
        kept = {tag["TagKey"]: tag for tag in [*channel.get(_TAGS, []), *new]}
        channel[_TAGS] = list(kept.values())
        return {}

    def untag_resource(self, body: dict[str, Any]) -> dict[str, Any]:
        channel = self._channels[body["ResourceARN"]]
        gone = body["TagKeys"]
        channel[_TAGS] = [tag for tag in channel.get(_TAGS, []) if tag["TagKey"] not in gone]
        return {}


@contextmanager
def chat_service() -> Iterator[str]:
    """Serve the API on a free loopback port and yield its address."""
    server = make_server("127.0.0.1", 0, ChatService(), threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
