"""What the HTTP endpoint claims of itself."""

from __future__ import annotations

from localcloud.behaviours import Behaviour

_ENDPOINT = "tests/contract/http/test_http_endpoint.py::"
_BODIES = "tests/contract/http/test_http_bodies.py::"
_BAD = "tests/contract/http/test_http_bad_requests.py::"
_S3_ERRORS = "https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"
_NIGHT = "tests/contract/http/test_http_night.py::"
_SIGNING = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html"
_STREAMING = "https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html"
_TRAILING = "https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html"
_JSON = "https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html"
_QUERY = "https://smithy.io/2.0/aws/protocols/aws-query-protocol.html"

BEHAVIOURS = (
    Behaviour(
        "One endpoint for all services: the service and the Region are those of the signature's credential scope",
        "documented",
        _SIGNING,
        _ENDPOINT + "test_every_other_service_answers_in_its_own_protocol",
    ),
    Behaviour(
        "S3 buckets in the path or in the host's name",
        "documented",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html",
        _ENDPOINT + "test_a_bucket_may_stand_in_the_hosts_name",
    ),
    Behaviour(
        "The session credentials of AssumeRole speak for the role",
        "documented",
        "https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html",
        _ENDPOINT + "test_the_credentials_of_an_assumed_role_speak_for_that_role",
    ),
    Behaviour(
        "IAM binds the roles that DMS and Snowflake assume, as it was last written over HTTP",
        "documented",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html",
        _NIGHT + "test_a_role_that_was_changed_over_the_socket_binds_dms",
    ),
    Behaviour("No signature, date or session token is checked: whoever calls is believed", ""),
    Behaviour("A client's own AssumeRole gets credentials for any role, whatever its trust policy", ""),
    Behaviour(
        "Errors in the service's own form: JSON with __type, query XML, EC2's XML, S3's XML; each with a request id",
        "documented",
        _JSON,
        _ENDPOINT + "test_dms_refuses_in_awss_shape",
    ),
    Behaviour(
        "x-amzn-ErrorType on errors of the JSON protocols",
        "documented",
        _JSON,
        _ENDPOINT + "test_dms_refuses_in_awss_shape",
    ),
    Behaviour(
        "A request that cannot be read is refused with a 4xx in every service: MalformedXML, InvalidArgument, "
        "NoSuchUpload and MalformedPolicy of S3, InvalidAction of the query protocols",
        "documented",
        _S3_ERRORS,
        _BAD + "test_a_bad_request_gets_awss_code",
    ),
    Behaviour(
        "Two writers or readers of one key of S3 at once are both answered",
        "documented",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel",
        _BAD + "test_many_writers_and_readers_of_one_key_are_all_answered",
    ),
    Behaviour(
        "A request that does not come whole in 20 seconds (and 10,000 bytes a second after): RequestTimeout, and the "
        "connection is closed",
        "documented",
        _S3_ERRORS,
        _BAD + "test_a_request_whose_body_does_not_come_whole_is_refused_and_frees_its_connection",
    ),
    Behaviour(
        "A parameter that is missing or of another type: ValidationException (the JSON protocols)",
        "assumed",
        "",
        _ENDPOINT + "test_what_botocore_would_not_have_sent_is_refused",
        "aws dms describe-table-statistics --cli-input-json '{}' (by hand: the CLI refuses it itself)",
    ),
    Behaviour(
        "A parameter that botocore's model does not know: ValidationException, where AWS may pass over it",
        "assumed",
        "",
        _ENDPOINT + "test_what_botocore_would_not_have_sent_is_refused",
        "aws dms describe-endpoints --cli-input-json '{\"Speed\": 1}' (by hand: the CLI refuses it itself)",
    ),
    Behaviour(
        "An unknown operation of the JSON protocol: UnknownOperationException",
        "documented",
        "https://docs.aws.amazon.com/dms/latest/APIReference/CommonErrors.html",
        _ENDPOINT + "test_what_botocore_would_not_have_sent_is_refused",
    ),
    Behaviour(
        "A request that nobody signed: MissingAuthenticationToken, unless it is S3's or X-Amz-Target says whose",
        "documented",
        _QUERY,
        _ENDPOINT + "test_a_request_that_nobody_signed_is_refused_where_no_mark_names_its_service",
    ),
    Behaviour(
        "aws-chunked bodies, with chunk signatures or trailers, alone or within HTTP's own chunks",
        "documented",
        _STREAMING,
        _BODIES + "test_both_kinds_of_chunks_may_lie_in_each_other",
    ),
    Behaviour(
        "A trailing checksum is kept with the object and told again",
        "documented",
        _TRAILING,
        _BODIES + "test_a_body_with_a_trailer_arrives_without_its_wrapping",
    ),
    Behaviour("A checksum that a client sends is not compared with the body: BadDigest never comes", ""),
    Behaviour(
        "A body that is shorter than it says: IncompleteBody, and no object",
        "documented",
        "https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html",
        _BODIES + "test_a_body_that_is_not_whole_is_no_object",
    ),
    Behaviour(
        "Expect: 100-continue, connections kept alive",
        "documented",
        "https://www.rfc-editor.org/rfc/rfc9110#name-expect",
        _BODIES + "test_whoever_waits_for_100_continue_gets_it_before_the_body",
    ),
    Behaviour(
        "Of two conditional writes of an object at once, one wins",
        "documented",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html",
        _ENDPOINT + "test_one_of_many_conditional_writes_at_once_wins",
    ),
    Behaviour(
        "Snowflake's SQL API v2 under /api/v2/statements of the same endpoint",
        "documented",
        "https://docs.snowflake.com/en/developer-guide/sql-api/reference",
        _NIGHT + "test_the_warehouse_is_asked_over_the_socket",
    ),
    Behaviour(
        "A function that does not exist: ResourceNotFoundException, 404; one that raises: X-Amz-Function-Error",
        "documented",
        "https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html",
        _NIGHT + "test_a_function_is_invoked_over_the_socket",
    ),
    Behaviour(
        "What moto writes (S3, DynamoDB, IAM) has this machine's time, whatever --clock says; a deployed account's "
        "clock is ahead of it by the waits that deploying skipped (about five minutes)",
        "",
    ),
    Behaviour("Services that are not listed by the endpoint: NotEmulated, 404", "", is_refused=True),
    Behaviour("The CBOR protocol, HTTPS, SigV4A, streams of DynamoDB, a second account", "", is_refused=True),
    Behaviour("DMS, Step Functions and Lambda in another Region than the account's own", "", is_refused=True),
    Behaviour("Requests from web pages (with an Origin): AccessDenied", "", is_refused=True),
)
