"""What a person is woken for."""

from __future__ import annotations

from collections.abc import Mapping

from fleet.databases import Settings
from fleet.names import DELTAS_OVERDUE, LOGS_AT_RISK, METRICS, notification_topic_arn, resource_name
from orchestration.constructs import toolchain as tf
from orchestration.constructs.triggers import Triggers

_DAY = 86_400
FREE_STORAGE_SHARE = 0.1
"""Of an instance's disk: with less of it free, DMS's swap files and logs may fill it before a night is over."""


def alarm(
    scope: tf.Construct,
    settings: Settings,
    name: str,
    description: str,
    *,
    metric: str,
    dimensions: Mapping[str, str],
    below: float | None = None,
    period: int = 300,
) -> None:
    """Notifies the topic once *metric* ("namespace name") is above nothing within a *period* of seconds, or stays
    *below* for three."""
    namespace, _, metric_name = metric.partition(" ")
    topic = notification_topic_arn(settings.account, settings.region, settings.prefix)
    made = tf.CloudwatchMetricAlarm(
        scope,
        f"alarm-{name}",
        alarm_name=resource_name(settings.prefix, name),
        alarm_description=description,
        namespace=namespace,
        metric_name=metric_name,
        dimensions=dict(dimensions),
        statistic="Sum" if below is None else "Minimum",
        comparison_operator="GreaterThanThreshold" if below is None else "LessThanThreshold",
        threshold=0 if below is None else below,
        period=period,
        evaluation_periods=1 if below is None else 3,
        # Nothing is measured while nothing runs.
        treat_missing_data="notBreaching",
        alarm_actions=[topic],
        ok_actions=[topic] if below is not None else None,
    )
    made.override_logical_id(name.replace("-", "_"))


class RunAlarms(tf.Construct):
    """For runs, for what could not be delivered, and for the functions whose failure no run would show."""

    def __init__(
        self,
        scope: tf.Construct,
        settings: Settings,
        fleet_run_arn: str,
        triggers: Triggers,
        functions: Mapping[str, tf.LambdaFunction],
    ) -> None:
        super().__init__(scope, "alarms")
        for end, metric in (("failed", "ExecutionsFailed"), ("timed-out", "ExecutionsTimedOut")):
            alarm(
                self,
                settings,
                f"run-{end}",
                f"A run {end.replace('-', ' ')}: its report says which databases, why, and what to do.",
                metric=f"AWS/States {metric}",
                dimensions={"StateMachineArn": fleet_run_arn},
            )
        for name, queue, what in (
            ("missed-nights", triggers.missed_nights, "A schedule could not start its run: start the missing night"),
            ("not-delivered", triggers.not_delivered, "An event reached nobody, or the sweep was not called: see why"),
        ):
            alarm(
                self,
                settings,
                f"{name}-seen",
                f"{what}, then delete the messages in {queue.name}: until it is empty this alarm says no more.",
                metric="AWS/SQS ApproximateNumberOfMessagesVisible",
                dimensions={"QueueName": queue.name},
            )
        alarm(
            self,
            settings,
            "deltas-overdue",
            f"No delta of a database for {settings.limits.delta_overdue_hours} hours. Until the next, its source may "
            "keep the log and fill its disk. The log of "
            f"{functions['Sweep'].function_name} names the database: run it, or switch its deltas off.",
            metric=f"{METRICS} {DELTAS_OVERDUE}",
            dimensions={"service": "fleet", "fleet": settings.prefix},
            period=_DAY,  # once a day, not at each sweep
        )
        alarm(
            self,
            settings,
            "delta-logs-at-risk",
            "The log that a database's deltas are read from may be deleted before the next one: its outcome says why, "
            "under its gaps. Let the source keep it longer, or run deltas more often.",
            metric=f"{METRICS} {LOGS_AT_RISK}",
            dimensions={"service": "fleet", "fleet": settings.prefix},
            period=_DAY,
        )
        self._watch_the_queues_themselves(settings, triggers)
        for name, missing in (("Recorder", "ends what broke off"), ("Sweep", "looks for what the recorder missed")):
            function = functions[name]
            alarm(
                self,
                settings,
                f"{name.lower()}-errors",
                f"The function that {missing} failed: no run shows that. Its log says why.",
                metric="AWS/Lambda Errors",
                dimensions={"FunctionName": function.function_name},
            )

    def _watch_the_queues_themselves(self, settings: Settings, triggers: Triggers) -> None:
        """What cannot even be laid aside leaves only this trace: a schedule uses one role for both.

        Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/monitoring-cloudwatch.html and
        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
        """
        alarm(
            self,
            settings,
            "schedules-lost",
            "A schedule could neither call its target nor leave a message: look at its role. A night may be missing.",
            metric="AWS/Scheduler InvocationsFailedToBeSentToDeadLetterCount",
            dimensions={"ScheduleGroup": triggers.schedule_group},
        )
        for rule in triggers.rules:
            alarm(
                self,
                settings,
                f"{rule}-events-lost",
                f"Rule {rule} could neither deliver an event nor leave a message: look at the policy of the queue.",
                metric="AWS/Events InvocationsFailedToBeSentToDlq",
                dimensions={"RuleName": triggers.rules[rule].name},
            )
