from costs_page import PAGE, SIZES, page

from orchestration.costs import OF_DELTAS, PRICES, Fleet, instances, items, total, total_of_frankfurt, way_through
from orchestration.definitions import load


def test_the_page_of_costs_says_what_the_code_reckons() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: make docs"


def test_the_page_on_deploying_gives_the_sums_of_the_page_of_costs() -> None:
    text = (PAGE.parent / "deploy.md").read_text(encoding="utf-8")
    for size in SIZES:
        sums = f"{total(Fleet(size)):,.0f} | {total_of_frankfurt(Fleet(size)):,.2f}"
        assert f"| {size} databases | {instances(size)} | {sums} |" in text


def test_the_page_on_deploying_says_of_each_price_whether_it_holds_in_frankfurt() -> None:
    text = (PAGE.parent / "deploy.md").read_text(encoding="utf-8")
    for price in PRICES:
        (row,) = [line for line in text.splitlines() if line.startswith(f"| {price.unit} |")]
        assert row.startswith(f"| {price.unit} | {price.where}, ")
        assert row.endswith(f" | {'holds' if price.holds_in_frankfurt else 'stand-in'} |")


def test_every_price_has_a_source_and_a_day() -> None:
    for price in PRICES:
        assert price.source.startswith("https://")
        assert price.where
        assert price.read_on


def test_an_amount_is_never_made_up_for_what_has_no_price() -> None:
    unpriced = [item for item in items(Fleet(10)) if item.price is None]
    assert unpriced
    assert all(item.dollars is None and item.unit for item in unpriced)


def test_every_task_of_a_good_night_lies_on_the_way_that_is_counted() -> None:
    document = load("database-run")
    tasks = {name for name, state in document["States"].items() if state["Type"] == "Task"}
    assert tasks - {*OF_DELTAS, "CompareKeys"} <= set(way_through(document))
    assert tasks - {"CompareKeys"} <= set(way_through(document, OF_DELTAS))  # which is of sweeps
