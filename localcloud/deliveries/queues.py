"""A message to a queue of SQS, by its ARN: who may send it was judged before."""

from __future__ import annotations

from collections.abc import Mapping

from localcloud.aws import LocalAws


def send_message(aws: LocalAws, queue_arn: str, body: str, attributes: Mapping[str, str]) -> None:
    """Put *body* into the queue, with *attributes* as texts."""
    sqs = aws.client("sqs")
    url = sqs.get_queue_url(QueueName=queue_arn.rpartition(":")[2])["QueueUrl"]
    message_attributes = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
    sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=message_attributes)
