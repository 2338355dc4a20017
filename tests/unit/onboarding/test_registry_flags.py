import pytest

from onboarding.flags import flag_name, read_flags


@pytest.mark.parametrize("text", ["true", "TRUE", "1", "yes", "Yes "])
def test_a_database_is_onboarded_by_any_word_for_yes(text: str) -> None:
    assert read_flags({"FLEET_ONBOARD_NYC_FLIGHTS": text}, ["nyc-flights"]) == ({"nyc-flights": True}, [])


@pytest.mark.parametrize("text", ["false", "False", "0", "no", "NO"])
def test_a_database_is_left_out_by_any_word_for_no(text: str) -> None:
    assert read_flags({"FLEET_ONBOARD_NYC_FLIGHTS": text}, ["nyc-flights"]) == ({"nyc-flights": False}, [])


def test_a_flag_for_no_database_is_refused_by_name() -> None:
    flags, findings = read_flags({"FLEET_ONBOARD_NYC_FLIGHT": "true"}, ["nyc-flights"])
    assert flags == {}
    assert [str(finding) for finding in findings] == [
        "environment: FLEET_ONBOARD_NYC_FLIGHT: matches no database of the registry. "
        "Did you mean `FLEET_ONBOARD_NYC_FLIGHTS`? Mend its name or remove the variable."
    ]


@pytest.mark.parametrize("text", ["", "on", "$(FLEET_ONBOARD_NYC_FLIGHTS)", "2"])
def test_a_flag_with_another_value_is_refused_by_name(text: str) -> None:
    flags, findings = read_flags({"FLEET_ONBOARD_NYC_FLIGHTS": text}, ["nyc-flights"])
    assert flags == {}
    assert [str(finding) for finding in findings] == [
        f"environment: FLEET_ONBOARD_NYC_FLIGHTS: is {text!r}, wanted true, false, 1, 0, yes or no. "
        "Mend it in the pipeline's variable group."
    ]


def test_other_variables_are_none_of_our_business() -> None:
    assert read_flags({"FLEET_ONBOARDING": "x", "HOME": "/root"}, ["nyc-flights"]) == ({}, [])


def test_two_ids_never_share_a_variable() -> None:
    assert len({flag_name(one) for one in ("a-b-c", "ab-c", "a-bc", "abc")}) == 4
