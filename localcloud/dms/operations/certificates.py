"""Certificates that endpoints may name. They are read and kept; no connection here is encrypted with one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from localcloud.dms.requests.names import identifier
from localcloud.dms.requests.paging import filtered, page
from localcloud.dms.resources import Resources, found, invalid_state, members, require_below
from localcloud.in_process_transport import AwsError, NotEmulatedError
from localcloud.quotas import DMS_CERTIFICATES

Parameters = Mapping[str, Any]
_BY_DEFAULT = 10  # Source: BC:DescribeCertificatesMessage.MaxRecords; of every other list it is 100


class Certificates:
    """The operations on certificates."""

    def __init__(self, resources: Resources) -> None:
        self._of = resources
        self._certificates: dict[str, dict[str, Any]] = {}

    def create(self, parameters: Parameters) -> dict[str, Any]:
        name = identifier("CertificateIdentifier", parameters["CertificateIdentifier"])
        if any(one["CertificateIdentifier"] == name for one in self._certificates.values()):
            raise AwsError("ResourceAlreadyExistsFault", f"Certificate {name} already exists")
        require_below(len(self._certificates), DMS_CERTIFICATES, "account")
        if parameters.get("CertificateWallet"):
            raise NotEmulatedError("an Oracle wallet as a certificate")
        pem = parameters.get("CertificatePem", "")
        try:
            parsed = x509.load_pem_x509_certificate(pem.encode())
            algorithm = parsed.signature_hash_algorithm
            key = parsed.public_key()
        except ValueError as error:
            raise AwsError("InvalidCertificateFault", f"The certificate {name} was not valid") from error
        arn = self._of.new_arn("cert", parameters)
        self._certificates[arn] = members(
            CertificateIdentifier=name,
            CertificateCreationDate=self._of.clock.now(),
            CertificatePem=pem,
            CertificateArn=arn,
            CertificateOwner=parsed.subject.rfc4514_string(),
            ValidFromDate=parsed.not_valid_before_utc,
            ValidToDate=parsed.not_valid_after_utc,
            SigningAlgorithm=algorithm.name if algorithm else None,
            KeyLength=key.key_size if isinstance(key, RSAPublicKey) else None,
            KmsKeyId=parameters.get("KmsKeyId"),
        )
        return {"Certificate": self._certificates[arn]}

    def describe(self, parameters: Parameters) -> dict[str, Any]:
        values = {
            "certificate-arn": lambda one: one["CertificateArn"],
            "certificate-id": lambda one: one["CertificateIdentifier"],
        }
        matching = filtered(parameters, list(self._certificates.values()), values, "Certificate")
        return page(parameters, "Certificates", matching, dict, place=self._place, by_default=_BY_DEFAULT)

    def delete(self, parameters: Parameters) -> dict[str, Any]:
        certificate = self.certificate(parameters["CertificateArn"])
        arn = certificate["CertificateArn"]
        for endpoint in self._of.endpoints.values():
            if endpoint.given.get("CertificateArn") == arn:
                raise invalid_state(f"Certificate {arn} is used by the endpoint {endpoint.identifier}")
        del self._certificates[arn]
        self._of.forget(arn)
        return {"Certificate": certificate}

    def _place(self, certificate: Mapping[str, Any]) -> int:
        return self._of.place(certificate["CertificateArn"])

    def certificate(self, arn: str) -> dict[str, Any]:
        """The certificate of that ARN. Raises DMS's ResourceNotFoundFault."""
        return found(self._certificates, arn, "Certificate")
