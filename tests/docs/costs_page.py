"""docs/costs.md as `orchestration/costs.py` reckons it. Run it to rewrite it: `python tests/docs/costs_page.py`."""

from __future__ import annotations

from pathlib import Path

from orchestration.costs import (
    HOURS,
    PRICES,
    Deltas,
    Fleet,
    Item,
    delta_items,
    delta_transitions,
    instances,
    items,
    total,
    transitions,
    warehouse_credits,
)

PAGE = Path(__file__).parents[2] / "docs" / "costs.md"
SIZES = (10, 50, 250)
LIVE = (1, 10, 75)

_HEAD = """\
# What it costs a month

In US dollars, for one full night a day. Written by `make docs`: quantities and prices stand in
`orchestration/costs.py`; change them there, not here.

**These are not your prices.** Of Frankfurt's price list only that of Step Functions could be read when this was
written. The last table says of which Region or class each price is. What no source was found for has no amount:
its quantity is here, to be multiplied by your price. Three lines decide the bill: how many replication
instances run (all day long), of which class, and for how many days Parquet files are kept
(`stack.landing_retention_days`, {days} here).
"""
_ASSUMED = """
## What is assumed

{one.nights} nights a month; {one.tables_each} tables and {one.gigabytes_each:g} GB of Parquet for each database
and night; a task of {one.minutes_each:g} minutes; {one.databases_per_server} databases on a server. A function
runs {one.seconds_called:g} seconds with {memory} MB, and reads {one.reads_called} and writes
{one.writes_called} units of the ledger. A replication instance holds 48 databases (100 endpoints), has {disk}
GB of disk and is in one zone: `multi_az: true` doubles the first two lines. A night that goes well is
counted state by state in `orchestration/asl/`: {transitions:,} transitions and {calls:,} calls for 10
databases. Each time that a task's change or a connection's test is waited for makes three transitions more.

Not in it: traffic between your sources and the VPC, requests to KMS, traces, alarms, EventBridge, SNS, support,
taxes. The gateway endpoint of S3 [is
free](https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html), and there is no NAT gateway.

**Snowflake** is billed apart: {credits_250:.0f} credits a month for 250 databases and {credits_10:.1f} for 10,
if a table takes 5 seconds and 8 load at once on a warehouse of one credit an hour. Storage, and what analysts
do, are not in that.

## Deltas every {deltas.minutes} minutes

They come on top, for the databases of such a schedule ([deltas.md](deltas.md)); replication instances run anyway.

{live}

Counted for a run without loads in full: {deltas.looks} looks at a task, {deltas.loads_polled} at Snowflake; {moved:,}
transitions for 10 databases, {runs:,} runs a month. What a call takes is as above.

Snowflake bills each start of a warehouse for
[60 seconds at least](https://docs.snowflake.com/en/user-guide/cost-understanding-compute). So one that applies changes
every {deltas.minutes} minutes costs {least:,} credits a month at one credit an hour, and {most:,} if it never comes to
rest in between: more than all of the lines above, and hardly more for 75 databases than for one.

## The prices

| US dollars | for one | Region | source | read on |
|---:|---|---|---|---|
"""


def page() -> str:
    """The page: a line a kind, a column a size of fleet; then what is assumed; then the prices with their sources."""
    one = Fleet(SIZES[0])
    head = "| | " + " | ".join(f"{size} databases" for size in SIZES) + " |\n|---|" + "---:|" * len(SIZES) + "\n"
    lines = [_line(list(line)) for line in zip(*(items(Fleet(size)) for size in SIZES), strict=True)]
    sums = "| **sum** | " + " | ".join(f"**{total(Fleet(size)):,.0f}**" for size in SIZES) + " |\n"
    counts = "| replication instances | " + " | ".join(str(instances(size)) for size in SIZES) + " |\n"
    moved, called = transitions(one)
    deltas = Deltas(10)
    assumed = _ASSUMED.format(
        one=one,
        memory=one.settings.functions.memory_megabytes,
        disk=one.settings.replication.storage_gigabytes,
        transitions=moved,
        calls=called,
        credits_250=warehouse_credits(Fleet(250)),
        credits_10=warehouse_credits(Fleet(10)),
        deltas=deltas,
        live=_live(),
        moved=delta_transitions(deltas)[0],
        runs=deltas.runs,
        least=deltas.runs // 60,
        most=HOURS,
    )
    prices = [
        f"| {price.dollars:.10f}".rstrip("0").rstrip(".")
        + f" | {price.unit} | {price.where} | [source]({price.source}) | {price.read_on} |\n"
        for price in PRICES
    ]
    top = _HEAD.format(days=one.settings.landing_retention_days)
    return "".join([top, "\n", head, counts, *lines, sums, assumed, *prices])


def _live() -> str:
    """A line a kind, a column a number of databases."""
    head = (
        "| | " + " | ".join(f"{size} database{'s' * (size > 1)}" for size in LIVE) + " |\n|---|" + "---:|" * len(LIVE)
    )
    lines = [_line(list(line)).strip() for line in zip(*(delta_items(Deltas(size)) for size in LIVE), strict=True)]
    sums = [sum(item.dollars or 0 for item in delta_items(Deltas(size))) for size in LIVE]
    return "\n".join([head, *lines, "| **sum** | " + " | ".join(f"**{one:,.0f}**" for one in sums) + " |"])


def _line(sizes: list[Item]) -> str:
    cells = [
        f"{item.dollars:,.2f}" if item.price else f"{float(f'{item.quantity:.2g}'):,g} × your price" for item in sizes
    ]
    unit = f" ({sizes[0].unit})" if sizes[0].unit else ""
    return f"| {sizes[0].name}{unit} | " + " | ".join(cells) + " |\n"


def _amount(quantity: float) -> str:
    return f"{quantity:,.0f}" if quantity >= 10 else f"{quantity:.2g}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
