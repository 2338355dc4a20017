"""The small tables that visualisation is taught with, split into the economy and nature."""

from __future__ import annotations

from local.sources.datasets.loading import Loader


def build_economy(load: Loader) -> None:
    """Prices, work and energy, in three schemas; one key is a reserved word."""
    vega = load.published.vega
    load.table(
        "stocks",
        f"SELECT symbol, strptime(date, '%b %-d %Y')::DATE AS date, price::DECIMAL(12, 4) AS price"
        f" FROM {vega('stocks.csv')}",
        key="symbol date",
        schema="markets",
    )
    load.table(
        "ohlc",
        f'SELECT date, open, high, low, close AS "end", signal, ret FROM {vega("ohlc.json")}',
        key="date",
        schema="markets",
    )
    load.table("us_employment", vega("us-employment.csv"), key="month", schema="labour")
    load.table("wheat", f"SELECT year::SMALLINT AS year, wheat, wages FROM {vega('wheat.json')}", key="year")
    load.table("driving", vega("driving.json"), key="year")
    load.table("iowa_electricity", vega("iowa-electricity.csv"), key="year source")
    load.run(
        """
        CREATE TABLE labour.strikes (began_on date NOT NULL, industry text NOT NULL, days_lost bigint);
        CREATE VIEW markets.monthly_pairs AS
            SELECT a.date, a.symbol, b.symbol AS other_symbol, a.price, b.price AS other_price
            FROM markets.stocks a JOIN markets.stocks b ON b.date = a.date AND b.symbol > a.symbol;
        """
    )


def build_nature(load: Loader) -> None:
    """Flowers, barley, bacteria, weather and airports; two tables have no key, one pair of names reads as a pattern."""
    vega = load.published.vega
    load.table("iris", vega("iris.json"))
    load.table("anscombe", vega("anscombe.json"))
    load.table("barley", vega("barley.json"), key="variety year site")
    load.table("burtin", vega("burtin.json"), key="Bacteria")
    load.table("seattle_weather", vega("seattle-weather.csv"), key="date")
    load.table("airports", vega("airports.csv"), key="iata")
    # `_` is in place of any character in a DMS selection rule: a rule for the first must not take the second along.
    load.table("sea_temps", vega("seattle-temps.csv"), key="date")
    load.table("seaXtemps", vega("sf-temps.csv"), key="date")
    load.run(
        """
        CREATE TABLE eclipses (seen_on date PRIMARY KEY, is_total boolean NOT NULL);
        CREATE VIEW temperatures AS
            SELECT s.date, s.temp AS seattle, f.temp AS san_francisco
            FROM sea_temps s JOIN "seaXtemps" f USING (date);
        """
    )
