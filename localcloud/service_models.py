"""botocore's models of AWS's services: which operations there are, what they take and answer."""

from __future__ import annotations

from functools import lru_cache

from botocore.loaders import create_loader
from botocore.model import ServiceModel


@lru_cache(maxsize=32)
def model_of(service: str) -> ServiceModel:
    """The model of *service* (boto3's name). No session is made for it: a session reads the user's configuration."""
    return ServiceModel(create_loader().load_service_model(service, "service-2"), service)
