"""What the private stream pushes: one message per ledger event."""

from __future__ import annotations

from market_analysis.venues.simulated.ledger.model import Execution, LedgerEvent, Order, Position, WalletBalance
from market_analysis.venues.simulated.server import serialise
from market_analysis.venues.simulated.server.replies import JsonObject

PRIVATE_TOPICS = ("position", "order", "execution", "wallet")
_CATEGORIES = ("linear", "inverse", "spot")


def is_private_topic(topic: str) -> bool:
    """`position`, `order`, `execution`, `wallet`, and the first three narrowed to a category (`order.linear`)."""
    name, _, category = topic.partition(".")
    return name in PRIVATE_TOPICS and (not category or (category in _CATEGORIES and name != "wallet"))


def topic_of(event: LedgerEvent, subscribed: list[str]) -> str:
    """The subscribed topic that an event goes out under, or "" if none."""
    category = "" if isinstance(event.record, WalletBalance) else event.record.category
    return next((topic for topic in subscribed if topic in (event.topic, f"{event.topic}.{category}")), "")


def event_message(event: LedgerEvent, topic: str) -> JsonObject:
    """The push of one event; `creationTime` is the market time of the change."""
    return {
        "id": f"{event.uid}_{event.seq}",
        "topic": topic,
        "creationTime": event.time_ms,
        "data": [_row(event.record)],
    }


def _row(record: Order | Execution | Position | WalletBalance) -> JsonObject:
    match record:
        case Order():
            return serialise.stream_order_row(record)
        case Execution():
            return serialise.stream_execution_row(record)
        case Position():
            return serialise.stream_position_row(record)
        case WalletBalance():
            return serialise.wallet_fields(record)
