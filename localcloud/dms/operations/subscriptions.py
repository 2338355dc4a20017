"""Event subscriptions: kept and shown. Nothing is published to their topics: EventBridge carries the events here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from localcloud.aws import ACCOUNT
from localcloud.dms.operations.events import CATEGORIES
from localcloud.dms.requests.names import refusal
from localcloud.dms.requests.paging import filtered, page
from localcloud.dms.resources import Resources, Stateful, arn_of, invalid_state, members, require_below
from localcloud.in_process_transport import AwsError
from localcloud.quotas import DMS_EVENT_SUBSCRIPTIONS

Parameters = Mapping[str, Any]


@dataclass(eq=False)
class Subscription(Stateful):
    """An event subscription; *given* holds its members."""

    kind = "event-subscription"
    name: str
    given: dict[str, Any]
    created_at: str
    status: str = "creating"

    @property
    def arn(self) -> str:
        return arn_of("es", self.name)


class Subscriptions:
    """The operations on event subscriptions."""

    def __init__(self, resources: Resources) -> None:
        self._of = resources
        self._subscriptions: dict[str, Subscription] = {}

    def create(self, parameters: Parameters) -> dict[str, Any]:
        name = parameters["SubscriptionName"]
        if not 1 <= len(name) < 255:
            raise refusal(f"SubscriptionName must have fewer than 255 characters, and one at least: {name}")
        if name in self._subscriptions:
            raise AwsError("ResourceAlreadyExistsFault", f"Event subscription {name} already exists")
        require_below(len(self._subscriptions), DMS_EVENT_SUBSCRIPTIONS, "account")
        given = {key: value for key, value in parameters.items() if key not in {"SubscriptionName", "Tags"}}
        self._check(given)
        self._of.new_arn("es", parameters, name)
        created_at = self._of.clock.now().strftime("%Y-%m-%d %H:%M:%S.%f")
        subscription = self._subscriptions[name] = Subscription(name, given, created_at)
        self._of.watch(subscription)
        self._of.later(self._of.delays.subscribing, self._settle, subscription, "creating")
        return {"EventSubscription": _show(subscription)}

    def describe(self, parameters: Parameters) -> dict[str, Any]:
        values = {"event-subscription-arn": lambda one: one.arn, "event-subscription-id": lambda one: one.name}
        name = parameters.get("SubscriptionName")
        those = [self._found(name)] if name else list(self._subscriptions.values())
        found = filtered(parameters, those, values, "Event Subscription")
        return page(parameters, "EventSubscriptionsList", found, _show, place=lambda one: self._of.place(one.arn))

    def modify(self, parameters: Parameters) -> dict[str, Any]:
        subscription = self._at_rest(parameters["SubscriptionName"], parameters)
        changes = {key: value for key, value in parameters.items() if key != "SubscriptionName" and value is not None}
        self._check({**subscription.given, **changes})
        subscription.given.update(changes)
        subscription.status = "modifying"
        self._of.later(self._of.delays.subscribing, self._settle, subscription, "modifying")
        return {"EventSubscription": _show(subscription)}

    def delete(self, parameters: Parameters) -> dict[str, Any]:
        subscription = self._found(parameters["SubscriptionName"])
        if subscription.status != "active":
            raise invalid_state(f"Event subscription {subscription.name} is {subscription.status}")
        subscription.status = "deleting"
        self._of.later(self._of.delays.deleting, self._remove, subscription)
        return {"EventSubscription": _show(subscription)}

    def _found(self, name: str) -> Subscription:
        if name not in self._subscriptions:
            raise AwsError("ResourceNotFoundFault", f"Event subscription {name} not found")
        return self._subscriptions[name]

    def _at_rest(self, name: str, parameters: Parameters) -> Subscription:
        subscription = self._found(name)
        if subscription.status != "active":
            # The model lists no fault of the state for a modify, so the code is assumed.
            raise AwsError(
                "InvalidParameterCombinationException",
                f"Event subscription {name} is {subscription.status} and cannot take {sorted(parameters)}",
            )
        return subscription

    def _settle(self, subscription: Subscription, before: str) -> None:
        if subscription.status == before:
            subscription.status = "active"

    def _remove(self, subscription: Subscription) -> None:
        del self._subscriptions[subscription.name]
        self._of.forget(subscription.arn)

    def _check(self, given: Parameters) -> None:
        kind = given.get("SourceType")
        if kind and kind not in CATEGORIES:
            raise refusal(f"SourceType must be one of {', '.join(CATEGORIES)}, not {kind}")
        known = set(CATEGORIES[kind]) if kind else {one for categories in CATEGORIES.values() for one in categories}
        for category in given.get("EventCategories") or ():
            if category not in known:
                raise refusal(f"{category} is no event category of {kind or 'any source'}")
        ids = given.get("SourceIds") or ()
        if ids and not kind:
            raise AwsError("InvalidParameterCombinationException", "SourceIds need a SourceType")
        things = self._of.tasks if kind == "replication-task" else self._of.instances
        there = {one.identifier for one in things.values()}
        for name in ids:
            if name not in there:
                raise AwsError("ResourceNotFoundFault", f"{kind} {name} not found")
        try:
            self._of.aws.client("sns").get_topic_attributes(TopicArn=given["SnsTopicArn"])
        except ClientError as error:
            raise AwsError("SNSInvalidTopicFault", f"{given['SnsTopicArn']} is no topic: {error}") from error


def _show(subscription: Subscription) -> dict[str, Any]:
    given = subscription.given
    return members(
        CustomerAwsId=ACCOUNT,
        CustSubscriptionId=subscription.name,
        SnsTopicArn=given["SnsTopicArn"],
        Status=subscription.status,
        SubscriptionCreationTime=subscription.created_at,
        SourceType=given.get("SourceType"),
        SourceIdsList=list(given.get("SourceIds") or ()),
        EventCategoriesList=list(given.get("EventCategories") or ()),
        Enabled=given.get("Enabled", True),
    )
